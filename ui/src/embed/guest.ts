// Who sits in a frame of another site. Browsers give such a page no cookie, so it asks for a guest of its own and names it in
// each request. The token outlives a reload of the frame where the browser lets it keep something.
import { asGuest, embedSession } from '../api/client.ts';

const KEY = 'ttob-embed-guest';

/** False: the browser keeps nothing for pages in frames; the guest lasts as long as the page. */
function keep(token: string | null): boolean {
  try {
    if (token === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, token);
    return true;
  } catch {
    return false;
  }
}

function kept(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export class Guest {
  #token = kept();
  /** Whether nobody will know this guest after the page is gone. */
  fleeting = false;

  constructor(readonly project: string) {
    asGuest(this.#token);
  }

  get known(): boolean {
    return this.#token !== null;
  }

  async enter(): Promise<void> {
    if (this.#token !== null) return;
    this.#token = (await embedSession(this.project)).token;
    this.fleeting = !keep(this.#token);
    asGuest(this.#token);
  }

  forget(): void {
    this.#token = null;
    keep(null);
    asGuest(null);
  }
}
