import { describe, expect, it } from 'vitest';
import { largest, remember, type Sample } from './history.ts';

describe('what was measured', () => {
  it('is kept for a while, oldest first', () => {
    let history: readonly Sample[] = [];
    for (let at = 0; at < 450; at++) history = remember(history, { at, value: at === 400 ? null : at % 7 });
    expect([history.length, history[0]?.at, history.at(-1)?.at, largest(history)]).toEqual([300, 150, 449, 6]);
    expect(largest([])).toBe(0);
    expect(largest([{ at: 1, value: null }])).toBe(0);
  });
});
