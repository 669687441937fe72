// The comments of one project as this page shows them.
import { ApiError } from '../api/client.ts';
import { deleteComment, editComment, hideComment, listComments, writeComment, type Comment } from '../api/discovery.ts';

export const PER_PAGE = 20;

export class Thread {
  items = $state.raw<readonly Comment[]>([]);
  total = $state(0);
  known = $state(false);
  loading = $state(false);
  failure = $state.raw<unknown>(null);
  /** Deleted here; the server learns it when there is no way back. */
  #going = new Set<string>();
  /** How many of the server's list lie above what comes next. */
  #passed = 0;

  constructor(readonly project: string) {}

  get older(): number {
    return Math.max(this.total - this.items.length, 0);
  }

  /** The next page. What came or went meanwhile may shift pages: nothing is shown twice. */
  async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    this.failure = null;
    try {
      const page = Math.floor(this.#passed / PER_PAGE) + 1;
      const list = await listComments(this.project, page, PER_PAGE);
      const shown = new Set(this.items.map((item) => item.id));
      this.items = [...this.items, ...list.items.filter((item) => !shown.has(item.id) && !this.#going.has(item.id))];
      this.#passed = (page - 1) * PER_PAGE + list.items.length;
      // After the last page nothing is left, whatever has come on top meanwhile.
      this.total = list.items.length < PER_PAGE ? this.items.length : Math.max(list.total - this.#going.size, this.items.length);
      this.known = true;
    } catch (cause) {
      this.failure = cause;
    } finally {
      this.loading = false;
    }
  }

  async write(body: string): Promise<void> {
    const made = await writeComment(this.project, body);
    this.items = [made, ...this.items];
    this.total++;
    this.#passed++;
  }

  async edit(id: string, body: string): Promise<void> {
    this.#replace(await editComment(id, body));
  }

  async hide(id: string, hidden: boolean): Promise<void> {
    this.#replace(await hideComment(id, hidden));
  }

  /** Takes a comment off the page; returns how to put it back and how to delete it for good. */
  take(id: string): { back: () => void; forGood: (leaving: boolean) => Promise<void> } {
    const at = this.items.findIndex((item) => item.id === id);
    const item = this.items[at];
    const after = this.items[at - 1]?.id;
    if (!item) return { back: () => undefined, forGood: () => Promise.resolve() };
    this.#going.add(id);
    this.items = this.items.filter((other) => other !== item);
    this.total--;
    const back = (): void => {
      if (!this.#going.delete(id)) return;
      const place = after === undefined ? 0 : this.items.findIndex((other) => other.id === after) + 1;
      this.items = [...this.items.slice(0, place), item, ...this.items.slice(place)];
      this.total++;
    };
    const forGood = async (leaving: boolean): Promise<void> => {
      try {
        await deleteComment(id, leaving);
        this.#going.delete(id);
        this.#passed = Math.max(this.#passed - 1, 0);
      } catch (cause) {
        // Gone already is as good.
        if (cause instanceof ApiError && cause.status === 404) {
          this.#going.delete(id);
          return;
        }
        back();
        throw cause;
      }
    };
    return { back, forGood };
  }

  #replace(now: Comment): void {
    this.items = this.items.map((item) => (item.id === now.id ? now : item));
  }
}
