// A taste in a frame: nothing is asked of the server before the button is pressed.
import { ApiError, request } from '../api/client.ts';
import { Taste } from '../try/taste.svelte.ts';
import { Guest } from './guest.ts';

export class EmbedTaste extends Taste {
  #guest: Guest;

  constructor(project: string) {
    super(project);
    this.#guest = new Guest(project);
  }

  /** After a reload of the frame, what runs is joined again; else the button waits. */
  async look(): Promise<void> {
    if (this.#guest.known) await this.open(false);
    else this.phase = 'idle';
  }

  /** The page goes away. What nobody can come back to should not hold a place until it is idle. */
  leave(): void {
    if (!this.#guest.fleeting || this.phase !== 'running' || !this.sandbox) return;
    void request(`/sandboxes/${encodeURIComponent(this.sandbox.id)}`, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  }

  override async start(asked: { replace?: boolean } = {}): Promise<void> {
    if (!(await this.#enter())) return;
    await super.start(asked);
    if (!(this.failure instanceof ApiError) || this.failure.status !== 401) return;
    // The guest was forgotten meanwhile.
    this.#guest.forget();
    if (await this.#enter()) await super.start(asked);
  }

  async #enter(): Promise<boolean> {
    this.phase = 'starting';
    try {
      await this.#guest.enter();
      return true;
    } catch (cause) {
      this.failure = cause;
      this.phase = 'error';
      return false;
    }
  }
}
