// What this browser has: its running sandbox, known to the header and to every page.
import { getSession } from '../api/client.ts';
import type { Sandbox } from '../api/types.ts';

export function isLive(sandbox: Sandbox | null | undefined): boolean {
  return !!sandbox && sandbox.state !== 'ended';
}

class Me {
  sandbox = $state.raw<Sandbox | null>(null);
  known = $state(false);
  #asking: Promise<void> | null = null;

  /** Asks the server; several askers at once share one answer. */
  refresh(): Promise<void> {
    this.#asking ??= getSession()
      .then((session) => {
        this.sandbox = isLive(session.sandbox) ? session.sandbox : null;
        this.known = true;
      })
      .catch(() => undefined)
      .finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** Follows what other tabs do: asks again whenever this page comes into view. */
  start(): void {
    void this.refresh();
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.refresh();
    });
  }

  has(sandbox: Sandbox): void {
    this.sandbox = sandbox;
    this.known = true;
  }

  lost(id: string): void {
    if (this.sandbox?.id === id) this.sandbox = null;
  }
}

export const me = new Me();
