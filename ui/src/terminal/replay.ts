// A reloaded page prints the kept output again. Questions in it (who are you? where is the cursor?) were answered long
// ago: answering once more would type rubbish into the shell. So questions are swallowed until the old output is through.
import type { IDisposable, Terminal } from '@xterm/xterm';

const QUIET_MS = 150;
const LONGEST_MS = 3000;

export class ReplayGuard implements IDisposable {
  #replaying = false;
  #end: number | null = null;
  #handlers: IDisposable[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deadline = 0;

  constructor(term: Terminal) {
    const swallow = () => this.#replaying;
    const asks = (data: string) => this.#replaying && data.includes('?');
    const { parser } = term;
    this.#handlers = [
      parser.registerCsiHandler({ final: 'c' }, swallow),
      parser.registerCsiHandler({ prefix: '>', final: 'c' }, swallow),
      parser.registerCsiHandler({ prefix: '=', final: 'c' }, swallow),
      parser.registerCsiHandler({ final: 'n' }, swallow),
      parser.registerCsiHandler({ prefix: '?', final: 'n' }, swallow),
      parser.registerCsiHandler({ intermediates: '$', final: 'p' }, swallow),
      parser.registerCsiHandler({ prefix: '?', intermediates: '$', final: 'p' }, swallow),
      parser.registerCsiHandler({ prefix: '>', final: 'q' }, swallow),
      parser.registerDcsHandler({ intermediates: '$', final: 'q' }, swallow),
      ...[4, 10, 11, 12].map((code) => parser.registerOscHandler(code, asks)),
      // What a program put on the clipboard then is not put there again.
      parser.registerOscHandler(52, swallow),
    ];
  }

  get replaying(): boolean {
    return this.#replaying;
  }

  /** Old output follows, up to byte `end`; where that is unknown, until it pauses. */
  begin(end: number | null): void {
    this.#replaying = true;
    this.#end = end;
    this.#deadline = Date.now() + LONGEST_MS;
    if (end === null) this.#rest(QUIET_MS * 4);
  }

  /** The screen has consumed everything before byte `offset`. */
  passed(offset: number): void {
    if (!this.#replaying) return;
    if (this.#end !== null) {
      if (offset >= this.#end) this.finish();
    } else if (Date.now() > this.#deadline) this.finish();
    else this.#rest(QUIET_MS);
  }

  finish(): void {
    clearTimeout(this.#timer);
    this.#replaying = false;
  }

  dispose(): void {
    this.finish();
    this.#handlers.forEach((handler) => handler.dispose());
  }

  #rest(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.finish(), ms);
  }
}
