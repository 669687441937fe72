// Something that a page asks the server for once somebody is signed in, and again when they say so.
import { me } from './me.svelte.ts';

export class Fetched<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<unknown>(null);
  #ask: () => Promise<T>;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  load = async (): Promise<void> => {
    this.failure = null;
    try {
      this.value = await this.#ask();
    } catch (cause) {
      this.failure = cause;
    }
  };

  /** For a component as it is set up: asks as soon as it is known who asks. */
  onceSignedIn(): this {
    let asked = false;
    $effect(() => {
      if (!me.user || asked) return;
      asked = true;
      void this.load();
    });
    return this;
  }
}
