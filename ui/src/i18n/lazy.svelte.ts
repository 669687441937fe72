// Messages of parts that the first screen does not have: fetched with those parts, in the language in use only.
import { i18n, type Language } from './index.svelte.ts';

export class LazyWords<T> {
  #loaded = $state.raw<Partial<Record<Language, T>>>({});

  constructor(private readonly loaders: Record<Language, () => Promise<{ words: T }>>) {}

  /** Fetches the words of the language in use; a component that reads `now` waits for this first. */
  async load(language: Language = i18n.language): Promise<T> {
    const kept = this.#loaded[language];
    if (kept) return kept;
    const { words } = await this.loaders[language]();
    this.#loaded = { ...this.#loaded, [language]: words };
    return words;
  }

  /** The words in the language in use; after a change of language the other ones, until these are there. */
  get now(): T {
    const words = this.#loaded[i18n.language];
    if (words) return words;
    void this.load(i18n.language).catch(() => undefined);
    const [other] = Object.values(this.#loaded);
    if (!other) throw new Error('words were read before they were loaded');
    return other as T;
  }
}
