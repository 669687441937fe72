// Short remarks at the foot of the window. Some carry Undo: what they tell of is done only once they are gone.
export interface Toast {
  id: number;
  text: string;
  kind: 'plain' | 'bad';
  undo: (() => void) | null;
}

export interface Undoable {
  text: string;
  /** Puts back what the page has taken away already. */
  undo: () => void;
  /** Does it for good; `leaving` when the page is about to go, so that the call has to outlive it. */
  commit: (leaving: boolean) => void;
}

interface Pending {
  commit: (leaving: boolean) => void;
}

const PLAIN_MS = 4000;
const UNDO_MS = 6000;
const MOST = 3;

export class Toasts {
  items = $state.raw<readonly Toast[]>([]);
  #serial = 0;
  #timers = new Map<number, { timer: ReturnType<typeof setTimeout>; ends: number; left: number }>();
  #pending = new Map<number, Pending>();

  /** A page that goes away takes its remarks along: what they hold back is sent at once. */
  start(): void {
    addEventListener('pagehide', () => this.flush(true));
  }

  say(text: string, kind: Toast['kind'] = 'plain'): number {
    return this.#show({ text, kind, undo: null }, PLAIN_MS);
  }

  undoable({ text, undo, commit }: Undoable): number {
    const id = this.#show({ text, kind: 'plain', undo: () => {
      this.#pending.delete(id);
      this.dismiss(id);
      undo();
    } }, UNDO_MS);
    this.#pending.set(id, { commit });
    return id;
  }

  dismiss(id: number): void {
    clearTimeout(this.#timers.get(id)?.timer);
    this.#timers.delete(id);
    this.items = this.items.filter((item) => item.id !== id);
    this.#settle(id, false);
  }

  /** Whoever reads or has the focus on them gets more time. */
  hold(): void {
    for (const entry of this.#timers.values()) {
      clearTimeout(entry.timer);
      entry.left = Math.max(entry.ends - Date.now(), 1500);
    }
  }

  release(): void {
    for (const [id, entry] of this.#timers) this.#run(id, entry.left);
  }

  flush(leaving: boolean): void {
    for (const id of [...this.#pending.keys()]) {
      this.#settle(id, leaving);
      this.dismiss(id);
    }
  }

  #show(toast: Omit<Toast, 'id'>, ms: number): number {
    const id = ++this.#serial;
    this.items = [...this.items, { id, ...toast }];
    while (this.items.length > MOST) this.dismiss((this.items[0] as Toast).id);
    this.#run(id, ms);
    return id;
  }

  #run(id: number, ms: number): void {
    clearTimeout(this.#timers.get(id)?.timer);
    this.#timers.set(id, { timer: setTimeout(() => this.dismiss(id), ms), ends: Date.now() + ms, left: ms });
  }

  #settle(id: number, leaving: boolean): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.commit(leaving);
  }
}

/** Brings whoever works with the keyboard to Undo, where the thing itself has gone from under the focus. */
export function focusUndo(id: number): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-toast="${id}"] .undo`)?.focus());
}

export const toasts = new Toasts();
