import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Comment } from '../api/discovery.ts';
import { PER_PAGE, Thread } from './thread.svelte.ts';

const make = (n: number): Comment => ({
  id: `c${n}`, author: null, body: `${n}`, body_html: `<p>${n}</p>`, created_at: '2026-11-22T10:00:00Z', edited_at: null, hidden: null, mine: true, can_hide: false, can_delete: true,
});

describe('a thread', () => {
  /** The server's comments, newest first. */
  let kept: Comment[];
  let deleted: string[];
  let refuse: number | null;

  beforeEach(() => {
    kept = Array.from({ length: 45 }, (_, i) => make(45 - i));
    deleted = [];
    refuse = null;
    vi.stubGlobal('fetch', (address: string, { method = 'GET', body = '' }: { method?: string; body?: string } = {}) => {
      const url = new URL(address, 'http://x');
      if (refuse !== null) return Promise.resolve(new Response('{}', { status: refuse }));
      if (method === 'DELETE') {
        const id = url.pathname.split('/').at(-1) ?? '';
        deleted.push(id);
        kept = kept.filter((item) => item.id !== id);
        return Promise.resolve(new Response(null, { status: 204 }));
      }
      if (method === 'POST') {
        kept = [{ ...make(100 + kept.length), body: (JSON.parse(body) as { body: string }).body }, ...kept];
        return Promise.resolve(Response.json(kept[0], { status: 201 }));
      }
      const page = Number(url.searchParams.get('page'));
      return Promise.resolve(Response.json({ items: kept.slice((page - 1) * PER_PAGE, page * PER_PAGE), page, per_page: PER_PAGE, total: kept.length }));
    });
  });
  afterEach(() => void vi.unstubAllGlobals());

  const ids = (thread: Thread): string[] => thread.items.map((item) => item.id);
  const whole = async (thread: Thread): Promise<void> => {
    for (let i = 0; i < 6 && (thread.older > 0 || !thread.known); i++) await thread.load();
  };

  it('comes page by page, whole, in order, none twice', async () => {
    const thread = new Thread('a/b');
    await whole(thread);
    expect(ids(thread)).toEqual(kept.map((item) => item.id));
    expect(thread.older).toBe(0);
  });

  it('loses none when others write meanwhile', async () => {
    const thread = new Thread('a/b');
    await thread.load();
    kept = [make(60), ...kept];
    await whole(thread);
    expect(new Set(ids(thread)).size).toBe(ids(thread).length);
    expect(ids(thread)).toEqual(expect.arrayContaining(Array.from({ length: 45 }, (_, i) => `c${i + 1}`)));
  });

  it('loses none when some are taken away, here or there', async () => {
    const thread = new Thread('a/b');
    await thread.load();
    thread.take('c40');
    thread.take('c41');
    await whole(thread);
    expect(ids(thread)).toEqual(kept.map((item) => item.id).filter((id) => id !== 'c40' && id !== 'c41'));
    expect(thread.total).toBe(43);
  });

  it('puts back what was taken where it was', async () => {
    const thread = new Thread('a/b');
    await thread.load();
    const before = ids(thread);
    for (const id of ['c45', 'c33', 'c26']) {
      const taken = thread.take(id);
      expect(ids(thread)).not.toContain(id);
      taken.back();
      taken.back();
      expect(ids(thread)).toEqual(before);
    }
    expect(deleted).toEqual([]);
    expect(thread.total).toBe(45);
  });

  it('deletes for good, and brings back what could not be', async () => {
    const thread = new Thread('a/b');
    await thread.load();
    await thread.take('c44').forGood(true);
    expect(deleted).toEqual(['c44']);
    const taken = thread.take('c43');
    refuse = 500;
    await expect(taken.forGood(false)).rejects.toThrow();
    expect(ids(thread).slice(0, 2)).toEqual(['c45', 'c43']);
    const gone = thread.take('c42');
    refuse = 404;
    await gone.forGood(false);
    expect(ids(thread)).not.toContain('c42');
  });

  it('shows what was written first, and keeps the count', async () => {
    const thread = new Thread('a/b');
    await thread.load();
    await thread.write('hello');
    expect(thread.items[0]?.body).toBe('hello');
    expect(thread.total).toBe(46);
  });
});
