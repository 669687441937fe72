// A page of a list on the server: what it holds, and how asking for it goes. The newest question wins.
import type { Asked } from '../api/admin.ts';
import type { List } from '../api/types.ts';

export class Listing<T> {
  items = $state.raw<readonly T[] | null>(null);
  total = $state(0);
  pages = $state(1);
  failure = $state.raw<unknown>(null);
  waiting = $state(false);
  /** When the items were fetched, by this machine's clock. */
  at = $state(0);
  #fetch: (asked: Asked) => Promise<List<T>>;
  #round = 0;

  constructor(fetch: (asked: Asked) => Promise<List<T>>) {
    this.#fetch = fetch;
  }

  async load(asked: Asked): Promise<void> {
    const turn = ++this.#round;
    this.waiting = true;
    try {
      const answer = await this.#fetch(asked);
      if (turn !== this.#round) return;
      this.items = answer.items;
      this.total = answer.total;
      this.pages = Math.max(Math.ceil(answer.total / (answer.per_page || 20)), 1);
      this.failure = null;
      this.at = Date.now();
    } catch (cause) {
      if (turn === this.#round) this.failure = cause;
    } finally {
      if (turn === this.#round) this.waiting = false;
    }
  }

  change(item: T, change: Partial<T>, same: (a: T, b: T) => boolean): void {
    this.items = this.items?.map((one) => (same(one, item) ? { ...one, ...change } : one)) ?? null;
  }

  remove(item: T, same: (a: T, b: T) => boolean): void {
    const left = this.items?.filter((one) => !same(one, item)) ?? null;
    if (left && this.items && left.length < this.items.length) this.total--;
    this.items = left;
  }
}
