// Input methods: Korean, Japanese, Chinese, and the keyboards of phones. xterm.js reads what was composed a moment later
// from its textarea and loses syllables when the next one, or Enter, comes sooner. So these events are taken here, before
// xterm sees them, and what is committed is sent at once and in order.

const PROCESS_KEY = 229;
const MODIFIERS = new Set(['Shift', 'Control', 'Alt', 'Meta', 'CapsLock', 'HangulMode', 'HanjaMode']);
const ERASE = '\x7f';

export interface ImeOptions {
  /** What the textarea holds now. */
  value(): string;
  /** Committed text, for the shell. */
  send(text: string): void;
  /** What is being composed; null when nothing is. */
  preview(text: string | null): void;
  /** Ctrl or Alt of the key bar is held: the next character must not wait for its composition to end. */
  urgent?(): boolean;
}

/** What to type so that a line that ends in `before` ends in `after`: erasures, then the new end. */
export function retype(before: string, after: string): string {
  const old = [...before];
  const now = [...after];
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same++;
  return ERASE.repeat(old.length - same) + now.slice(same).join('').replace(/\n/g, '\r');
}

/** Decides about each event; `true` keeps it from xterm. */
export class Ime {
  #options: ImeOptions;
  #composing: string | null = null;
  /** The beginning of this composition that is sent already. */
  #early = '';
  /** The last key belonged to an input method, so what changes in the textarea now is ours. */
  #ours = false;
  #before = '';

  constructor(options: ImeOptions) {
    this.#options = options;
  }

  keydown(event: Pick<KeyboardEvent, 'keyCode' | 'key'>): boolean {
    this.#before = this.#options.value();
    this.#ours = event.keyCode === PROCESS_KEY;
    if (this.#ours) return true;
    // A plain key in the middle of a composition, such as Enter: what is composed goes first.
    if (!MODIFIERS.has(event.key)) this.flush();
    return false;
  }

  /** Sends what is composed so far; the input method may go on with it, and only what it adds is sent then. */
  flush(): void {
    const rest = this.#rest(this.#composing ?? '');
    if (!rest) return;
    this.#early = this.#composing ?? '';
    this.#options.preview(null);
    this.#options.send(rest);
  }

  compositionstart(): boolean {
    this.#early = '';
    this.#show('');
    return true;
  }

  compositionupdate(data: string): boolean {
    this.#show(data);
    if (this.#options.urgent?.()) this.flush();
    return true;
  }

  compositionend(data: string): boolean {
    const rest = this.#rest(data);
    this.#early = '';
    this.#composing = null;
    this.#options.preview(null);
    if (rest) this.#options.send(rest);
    this.#before = this.#options.value();
    return true;
  }

  beforeinput(): boolean {
    if (this.#composing === null) this.#before = this.#options.value();
    return false;
  }

  input(type: string): boolean {
    if (this.#composing !== null || /[Cc]omposition/.test(type)) return true;
    if (!this.#ours) return false;
    const text = retype(this.#before, this.#options.value());
    this.#before = this.#options.value();
    if (text) this.#options.send(text);
    return true;
  }

  #show(text: string): void {
    this.#composing = text;
    this.#options.preview(this.#rest(text));
  }

  #rest(text: string): string {
    return text.startsWith(this.#early) ? text.slice(this.#early.length) : retype(this.#early, text);
  }
}

interface ImeHost {
  host: HTMLElement;
  textarea: HTMLTextAreaElement;
  send(text: string): void;
  urgent(): boolean;
}

/** Puts an Ime before xterm's own handlers. */
export function attachIme({ host, textarea, send, urgent }: ImeHost): { flush(): void; detach(): void } {
  const view = host.querySelector<HTMLElement>('.composition-view');
  const ime = new Ime({
    value: () => textarea.value,
    send,
    urgent,
    preview: (text) => {
      if (!view) return;
      view.classList.toggle('active', text !== null && text !== '');
      view.textContent = text ?? '';
      // xterm keeps its textarea at the cursor.
      view.style.left = textarea.style.left;
      view.style.top = textarea.style.top;
    },
  });
  const decide: Record<string, (event: Event) => boolean> = {
    keydown: (event) => ime.keydown(event as KeyboardEvent),
    compositionstart: () => ime.compositionstart(),
    compositionupdate: (event) => ime.compositionupdate((event as CompositionEvent).data),
    compositionend: (event) => ime.compositionend((event as CompositionEvent).data),
    beforeinput: () => ime.beforeinput(),
    input: (event) => ime.input((event as InputEvent).inputType),
  };
  const hear = (event: Event) => {
    if (event.target === textarea && decide[event.type]?.(event)) event.stopImmediatePropagation();
  };
  for (const type of Object.keys(decide)) host.addEventListener(type, hear, { capture: true });
  return {
    flush: () => ime.flush(),
    detach: () => {
      for (const type of Object.keys(decide)) host.removeEventListener(type, hear, { capture: true });
    },
  };
}
