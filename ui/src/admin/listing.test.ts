import { describe, expect, it } from 'vitest';
import type { Asked } from '../api/admin.ts';
import type { List } from '../api/types.ts';
import { Listing } from './listing.svelte.ts';

const answer = (items: string[], total = items.length): List<string> => ({ items, page: 1, per_page: 2, total });
const same = (a: { id: number }, b: { id: number }): boolean => a.id === b.id;

describe('a list', () => {
  it('takes the answer to the newest question, whichever comes last', async () => {
    const waiting: ((list: List<string>) => void)[] = [];
    const list = new Listing<string>((_: Asked) => new Promise((resolve) => waiting.push(resolve)));
    const first = list.load({ page: 1 });
    const second = list.load({ page: 2 });
    waiting[1]?.(answer(['new'], 5));
    waiting[0]?.(answer(['old']));
    await Promise.all([first, second]);
    expect([list.items, list.total, list.pages, list.waiting]).toEqual([['new'], 5, 3, false]);
  });
  it('keeps what it had when the next answer fails, and says so', async () => {
    let fine = true;
    const list = new Listing<string>(() => (fine ? Promise.resolve(answer(['a'])) : Promise.reject(new Error('x'))));
    await list.load({ page: 1 });
    fine = false;
    await list.load({ page: 1 });
    expect(list.items).toEqual(['a']);
    expect(list.failure).toBeInstanceOf(Error);
    fine = true;
    await list.load({ page: 1 });
    expect(list.failure).toBeNull();
  });
  it('changes and removes one of its items', async () => {
    const list = new Listing<{ id: number; x: string }>(() => Promise.resolve({ items: [{ id: 1, x: 'a' }, { id: 2, x: 'b' }], page: 1, per_page: 20, total: 9 }));
    await list.load({ page: 1 });
    list.change({ id: 2, x: '' }, { x: 'c' }, same);
    list.remove({ id: 1, x: '' }, same);
    list.remove({ id: 7, x: '' }, same);
    expect([list.items, list.total]).toEqual([[{ id: 2, x: 'c' }], 8]);
  });
});
