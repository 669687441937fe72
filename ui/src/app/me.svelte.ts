// Who sits here, and what runs for them: known to the header and to every page.
import { getSession, heard } from '../api/client.ts';
import { signOut, type Account } from '../api/people.ts';
import type { Sandbox } from '../api/types.ts';
import { i18n } from '../i18n/index.svelte.ts';
import { recall, remember, theme } from './theme.svelte.ts';

const KEY = 'ttob-user';

export function isLive(sandbox: Sandbox | null | undefined): boolean {
  return !!sandbox && sandbox.state !== 'ended';
}

/** Other tabs of this browser: they hear when a sandbox begins or ends here, or somebody signs in or out. */
const tabs = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('ttob-me');

class Me {
  /** null for guests. */
  user = $state.raw<Account | null>(null);
  sandbox = $state.raw<Sandbox | null>(null);
  known = $state(false);
  /** Until the server has answered: who was signed in last time, so that the page can be laid out for them. */
  last = $state(recall(KEY));
  #asking: Promise<void> | null = null;
  #turn = 0;

  /** Asks the server; several askers at once share one answer. */
  refresh(): Promise<void> {
    if (this.#asking) return this.#asking;
    const turn = this.#turn;
    const asking = getSession()
      .then((session) => {
        // Somebody signed in or out meanwhile: this answer is about before.
        if (turn !== this.#turn) return;
        this.sandbox = isLive(session.sandbox) ? session.sandbox : null;
        this.#take(session.user);
      })
      .catch(() => undefined)
      .finally(() => {
        if (this.#asking === asking) this.#asking = null;
      });
    this.#asking = asking;
    return asking;
  }

  /** Follows what other tabs do: asks again whenever this page comes into view. */
  start(): void {
    heard.unauthenticated = () => {
      if (this.user) void this.refresh();
    };
    void this.refresh();
    tabs?.addEventListener('message', () => void this.refresh());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void this.refresh();
    });
  }

  /** Takes note of who is signed in from now on, as a call has just said. */
  is(user: Account | null): void {
    this.#turn++;
    this.#asking = null;
    this.#take(user);
  }

  /** Somebody new to this browser brings their language and theme along. */
  #take(user: Account | null): void {
    const arrived = user && user.username !== this.last;
    if (this.known && this.user?.username !== user?.username) tabs?.postMessage('user');
    this.user = user;
    this.known = true;
    this.last = user?.username ?? null;
    remember(KEY, this.last);
    if (!arrived) return;
    if (user.language && user.language !== i18n.language) void i18n.choose(user.language);
    if (user.theme) theme.choose(user.theme);
  }

  has(sandbox: Sandbox): void {
    if (this.sandbox?.id !== sandbox.id) tabs?.postMessage('sandbox');
    this.sandbox = sandbox;
    this.known = true;
  }

  lost(id: string): void {
    if (this.sandbox?.id !== id) return;
    this.sandbox = null;
    tabs?.postMessage('sandbox');
  }

  /** Signs out of this browser; the sandbox goes on as the account's. */
  async leave(): Promise<void> {
    await signOut();
    this.sandbox = null;
    this.is(null);
  }
}

export const me = new Me();
