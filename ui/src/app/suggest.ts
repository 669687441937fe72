// Suggestions for what is being typed: waits for a pause, drops answers that came too late, keeps the ones it had.
export interface SuggestOptions<T> {
  fetch: (text: string, signal: AbortSignal) => Promise<T[]>;
  /** Hears the answer for the newest text; an empty list when there is nothing, or it could not be asked. */
  show: (text: string, items: T[]) => void;
  delay?: number;
  keep?: number;
  /** How long a kept answer is as good as a new one, in ms. */
  fresh?: number;
}

const normal = (text: string): string => text.trim().replace(/\s+/g, ' ').normalize('NFC').toLowerCase();

export class Suggester<T> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;
  #kept = new Map<string, { at: number; items: T[] }>();

  constructor(private readonly options: SuggestOptions<T>) {}

  ask(raw: string): void {
    this.stop();
    const text = normal(raw);
    if (!text) {
      this.options.show('', []);
      return;
    }
    const kept = this.#kept.get(text);
    if (kept && Date.now() - kept.at < (this.options.fresh ?? 30_000)) {
      this.options.show(text, kept.items);
      return;
    }
    this.#timer = setTimeout(() => void this.#fetch(text), this.options.delay ?? 80);
  }

  /** Nothing that is under way will be shown any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = null;
  }

  async #fetch(text: string): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    let items: T[] = [];
    try {
      items = await this.options.fetch(text, asking.signal);
      this.#keep(text, items);
    } catch {
      // No suggestions then; Enter still searches.
    }
    if (!asking.signal.aborted) this.options.show(text, items);
  }

  #keep(text: string, items: T[]): void {
    this.#kept.delete(text);
    this.#kept.set(text, { at: Date.now(), items });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > (this.options.keep ?? 60) && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** The text in pieces, those that match a word of the query marked. */
export function marked(text: string, query: string): { text: string; hit: boolean }[] {
  const words = normal(query).split(' ').filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (words.length === 0) return [{ text, hit: false }];
  const parts = text.split(new RegExp(`(${words.join('|')})`, 'giu'));
  return parts.map((part, i) => ({ text: part, hit: i % 2 === 1 })).filter((part) => part.text !== '');
}
