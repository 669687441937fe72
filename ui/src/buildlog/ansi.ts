// Build output to coloured lines: SGR colours, carriage returns, backspaces and erase-line; other sequences are dropped.
export interface Span {
  text: string;
  /** Class names such as "c1 bold"; empty for plain text. */
  style: string;
}

export interface Line {
  id: number;
  spans: Span[];
}

const KEEP_LINES = 5000;
const KEEP_COLUMNS = 4000;
// CSI, OSC (ended by BEL or ST), other two-character escapes; an unfinished one at the end stays for the next piece.
const ESCAPE = /\x1b(?:\[([0-?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[PX^_][^\x1b]*\x1b\\|[ -/]*[0-Z\\^-~])/y;

interface Cell {
  char: string;
  style: string;
}

/** Nearest of the 16 named colours to an entry of the 256-colour table. */
export function nearest16(index: number): number {
  if (index < 16) return index;
  if (index >= 232) return index < 238 ? 8 : index < 250 ? 7 : 15;
  const cube = index - 16;
  return fromRgb(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51);
}

function fromRgb(r: number, g: number, b: number): number {
  const top = Math.max(r, g, b);
  if (top < 60) return 8;
  const bits = (r > top / 2 ? 1 : 0) | (g > top / 2 ? 2 : 0) | (b > top / 2 ? 4 : 0);
  return top > 190 ? bits + 8 : bits;
}

class Style {
  fg = -1;
  bold = false;
  dim = false;
  underline = false;

  get classes(): string {
    const names = [this.fg >= 0 ? `c${this.fg}` : '', this.bold ? 'bold' : '', this.dim ? 'dim' : '', this.underline ? 'underline' : ''];
    return names.filter(Boolean).join(' ');
  }

  apply(params: number[]): void {
    for (let i = 0; i < params.length; i++) {
      const code = params[i] ?? 0;
      if (code === 38 || code === 48) {
        const indexed = params[i + 1] === 5;
        const colour = indexed ? nearest16(params[i + 2] ?? 0) : fromRgb(params[i + 2] ?? 0, params[i + 3] ?? 0, params[i + 4] ?? 0);
        if (code === 38) this.fg = colour;
        i += indexed ? 2 : 4;
      } else this.#plain(code);
    }
  }

  #plain(code: number): void {
    if (code === 0) {
      this.fg = -1;
      this.bold = this.dim = this.underline = false;
    } else if (code === 1) this.bold = true;
    else if (code === 2) this.dim = true;
    else if (code === 4) this.underline = true;
    else if (code === 22) this.bold = this.dim = false;
    else if (code === 24) this.underline = false;
    else if (code >= 30 && code <= 37) this.fg = code - 30;
    else if (code === 39) this.fg = -1;
    else if (code >= 90 && code <= 97) this.fg = code - 82;
  }
}

function toSpans(cells: Cell[]): Span[] {
  const spans: Span[] = [];
  for (const { char, style } of cells) {
    const last = spans.at(-1);
    if (last && last.style === style) last.text += char;
    else spans.push({ text: char, style });
  }
  return spans;
}

export class AnsiLog {
  lines: Line[] = [];
  #cells: Cell[] = [];
  #column = 0;
  #style = new Style();
  #rest = '';
  #next = 0;

  /** Takes in a piece of output, cut anywhere. */
  write(piece: string): void {
    const text = this.#rest + piece;
    this.#rest = '';
    let at = 0;
    while (at < text.length) {
      if (text[at] === '\x1b') {
        const after = this.#escape(text, at);
        if (after < 0) break;
        at = after;
      } else {
        const char = String.fromCodePoint(text.codePointAt(at) as number);
        this.#char(char);
        at += char.length;
      }
    }
    this.#show();
  }

  clear(): void {
    this.lines = [];
    this.#cells = [];
    this.#column = 0;
    this.#style = new Style();
    this.#rest = '';
  }

  /** Index after the sequence at `at`, or -1 when it is not complete yet. */
  #escape(text: string, at: number): number {
    ESCAPE.lastIndex = at;
    const match = ESCAPE.exec(text);
    if (!match) {
      // A sequence that never ends is no sequence.
      if (text.length - at > 4096) return at + 1;
      this.#rest = text.slice(at);
      return -1;
    }
    const params = (match[1] ?? '').split(/[;:]/).map(Number);
    if (match[2] === 'm') this.#style.apply(params);
    else if (match[2] === 'K') this.#erase(params[0] ?? 0);
    return ESCAPE.lastIndex;
  }

  #erase(mode: number): void {
    if (mode === 0) this.#cells.length = Math.min(this.#cells.length, this.#column);
    else if (mode === 2) this.#cells = [];
  }

  #char(char: string): void {
    if (char === '\n') this.#newline();
    else if (char === '\r') this.#column = 0;
    else if (char === '\b') this.#column = Math.max(this.#column - 1, 0);
    else if (char === '\t') {
      const stop = (Math.floor(this.#column / 8) + 1) * 8;
      while (this.#column < stop) this.#put(' ');
    } else if (char >= ' ' && char !== '\x7f') this.#put(char);
  }

  #put(char: string): void {
    if (this.#column >= KEEP_COLUMNS) this.#newline();
    while (this.#cells.length < this.#column) this.#cells.push({ char: ' ', style: '' });
    this.#cells[this.#column++] = { char, style: this.#style.classes };
  }

  #newline(): void {
    this.#show();
    this.#cells = [];
    this.#column = 0;
    this.#next++;
  }

  /** Brings the line under work up to date in `lines`. */
  #show(): void {
    const line = { id: this.#next, spans: toSpans(this.#cells) };
    if (this.lines.at(-1)?.id === this.#next) this.lines[this.lines.length - 1] = line;
    else if (this.#cells.length > 0 || this.#next > (this.lines.at(-1)?.id ?? -1)) this.lines.push(line);
    if (this.lines.length > KEEP_LINES) this.lines.splice(0, this.lines.length - KEEP_LINES);
  }
}
