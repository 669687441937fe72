import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Toasts } from './toast.svelte.ts';

describe('toasts', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function undoable(toasts: Toasts) {
    const done: string[] = [];
    const id = toasts.undoable({ text: 'gone', undo: () => done.push('undo'), commit: (leaving) => done.push(leaving ? 'leaving' : 'commit') });
    return { id, done };
  }

  it('do what they tell of only when they are gone', () => {
    const toasts = new Toasts();
    const { done } = undoable(toasts);
    vi.advanceTimersByTime(5900);
    expect(done).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(done).toEqual(['commit']);
    expect(toasts.items).toEqual([]);
  });

  it('undo, once and for all', () => {
    const toasts = new Toasts();
    const { done } = undoable(toasts);
    toasts.items[0]?.undo?.();
    vi.advanceTimersByTime(60_000);
    toasts.flush(true);
    expect(done).toEqual(['undo']);
  });

  it('are sent when the page goes', () => {
    const toasts = new Toasts();
    const { done } = undoable(toasts);
    toasts.flush(true);
    vi.advanceTimersByTime(60_000);
    expect(done).toEqual(['leaving']);
  });

  it('commit when closed by hand, and when too many push them out', () => {
    const toasts = new Toasts();
    const first = undoable(toasts);
    toasts.dismiss(first.id);
    expect(first.done).toEqual(['commit']);
    const second = undoable(toasts);
    for (let i = 0; i < 3; i++) toasts.say('more');
    expect(second.done).toEqual(['commit']);
    expect(toasts.items).toHaveLength(3);
  });

  it('wait while somebody reads them', () => {
    const toasts = new Toasts();
    const { done } = undoable(toasts);
    vi.advanceTimersByTime(5000);
    toasts.hold();
    vi.advanceTimersByTime(60_000);
    expect(done).toEqual([]);
    toasts.release();
    vi.advanceTimersByTime(1400);
    expect(done).toEqual([]);
    vi.advanceTimersByTime(200);
    expect(done).toEqual(['commit']);
  });
});
