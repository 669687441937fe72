// Messages of the language in use. Only that language's file is loaded; both have one type, so that a missing
// message is a compile error.
import { recall, remember } from '../app/theme.svelte.ts';
import type { DocsText, Messages } from './types.ts';

type Loaders<T> = Record<Language, () => Promise<{ messages: T }>>;

export type Language = 'en' | 'ko';
export const languages: readonly Language[] = ['en', 'ko'];
const KEY = 'ttob-language';

const loaders: Record<Language, () => Promise<{ messages: Messages }>> = {
  en: () => import('./en.ts'),
  ko: () => import('./ko.ts'),
};
const docsLoaders: Record<Language, () => Promise<{ docs: DocsText }>> = {
  en: () => import('./docs-en.ts'),
  ko: () => import('./docs-ko.ts'),
};

export function isLanguage(text: string | null | undefined): text is Language {
  return text === 'en' || text === 'ko';
}

/** The first language of a list that we speak, else English. */
export function pickLanguage(wanted: readonly string[]): Language {
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}

/** Messages of pages that come later: loaded with the first such page, then kept in the language in use. */
export class Pack<T> {
  #loaders: Loaders<T>;
  #words = $state.raw<T>(undefined as unknown as T);

  constructor(loaders: Loaders<T>) {
    this.#loaders = loaders;
  }

  get words(): T {
    return this.#words;
  }

  /** Resolves when the words may be read. */
  async load(): Promise<void> {
    i18n.packs.add(this as Pack<unknown>);
    let asked: Language;
    do {
      asked = i18n.language;
      (await this.fetch(asked))();
    } while (asked !== i18n.language);
  }

  /** Loads one language; what it gives shows it. */
  async fetch(language: Language): Promise<() => void> {
    const { messages } = await this.#loaders[language]();
    return () => (this.#words = messages);
  }
}

class I18n {
  packs = new Set<Pack<unknown>>();
  language = $state<Language>('en');
  messages = $state.raw<Messages>(undefined as unknown as Messages);

  async start(): Promise<void> {
    const kept = recall(KEY);
    await this.#use(isLanguage(kept) ? kept : pickLanguage(navigator.languages ?? [navigator.language]));
  }

  async choose(language: Language): Promise<void> {
    await this.#use(language);
    remember(KEY, language);
  }

  docs(): Promise<DocsText> {
    return docsLoaders[this.language]().then((loaded) => loaded.docs);
  }

  async #use(language: Language): Promise<void> {
    const [{ messages }, ...shows] = await Promise.all([loaders[language](), ...[...this.packs].map((pack) => pack.fetch(language))]);
    shows.forEach((show) => show());
    this.messages = messages;
    this.language = language;
    document.documentElement.lang = language;
    // After the first paint: the many rules of Hangul's letters would hold it up.
    if (language === 'ko') requestAnimationFrame(() => setTimeout(() => void import('../styles/fonts-rest.ts')));
  }
}

export const i18n = new I18n();

/** The messages of now; reading them in a component follows the language. */
export function m(): Messages {
  return i18n.messages;
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(i18n.language, value >= 10000 ? { notation: 'compact', maximumFractionDigits: 1 } : {}).format(value);
}

export function formatDate(iso: string): string {
  return new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}

/** "Feb 20, 2027", "2027. 2. 20.". */
export function formatDay(iso: string): string {
  return new Intl.DateTimeFormat(i18n.language, { dateStyle: 'medium' }).format(new Date(iso));
}

/** "October 2026", "2026년 10월". */
export function formatMonth(iso: string): string {
  return new Intl.DateTimeFormat(i18n.language, { year: 'numeric', month: 'long' }).format(new Date(iso));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000], ['month', 2_592_000], ['day', 86_400], ['hour', 3600], ['minute', 60],
];

/** "3 hours ago", "어제"; under a minute "now". */
export function formatAgo(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const format = new Intl.RelativeTimeFormat(i18n.language, { numeric: 'auto' });
  const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
  return step ? format.format(Math.trunc(seconds / step[1]), step[0]) : format.format(0, 'second');
}

/** Words of a project in the language in use. */
export function summaryOf(project: { summary: string; i18n?: { ko?: { summary?: string } } }): string {
  return (i18n.language === 'ko' && project.i18n?.ko?.summary) || project.summary;
}
