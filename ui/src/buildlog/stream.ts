// The live log of a build: server-sent events that resume where they were lost.
import type { Build } from '../api/types.ts';

export interface BuildEvents {
  log(text: string): void;
  state(build: Build): void;
  end(build: Build): void;
  /** True while the stream is away. */
  lost(lost: boolean): void;
}

export interface StreamOptions {
  url: string;
  events: BuildEvents;
  source?: new (url: string) => EventSource;
}

const RETRY_MS = 1500;

export class BuildStream {
  #options: StreamOptions;
  #source: EventSource | null = null;
  #offset = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #done = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#open();
  }

  close(): void {
    this.#done = true;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #open(): void {
    const Source = this.#options.source ?? EventSource;
    const { events, url } = this.#options;
    const source = new Source(this.#offset > 0 ? `${url}?offset=${this.#offset}` : url);
    this.#source = source;
    source.addEventListener('open', () => events.lost(false));
    source.addEventListener('log', (event) => this.#log(event));
    source.addEventListener('state', (event) => this.#build(event, (build) => events.state(build)));
    source.addEventListener('end', (event) => this.#build(event, (build) => {
      this.close();
      events.end(build);
    }));
    source.addEventListener('error', () => this.#failed(source));
  }

  #log(event: MessageEvent<string>): void {
    const after = Number(event.lastEventId);
    // A server that starts over after a break: what is here already is not printed again.
    if (Number.isFinite(after) && after > 0) {
      if (after <= this.#offset) return;
      this.#offset = after;
    }
    const data = parse<{ text?: unknown }>(event.data);
    if (typeof data?.text === 'string') this.#options.events.log(data.text);
  }

  #build(event: MessageEvent<string>, take: (build: Build) => void): void {
    const build = parse<Build>(event.data);
    if (build) take(build);
  }

  #failed(source: EventSource): void {
    if (this.#done) return;
    this.#options.events.lost(true);
    // After a refusal the browser gives up; otherwise it returns by itself.
    if (source.readyState !== 2) return;
    source.close();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#open(), RETRY_MS);
  }
}

function parse<T>(text: string): T | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : null;
  } catch {
    return null;
  }
}
