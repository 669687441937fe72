import { describe, expect, it } from 'vitest';
import type { Day } from '../api/discovery.ts';
import { axisDays, bestDay, dayText } from './figures.ts';

const day = (date: string, tries: number): Day => ({ date, tries, visitors: 0, minutes: 0, likes: 0 });

describe('figures', () => {
  it('know the best day, the first of equals', () => {
    const days = [day('2026-11-20', 3), day('2026-11-21', 7), day('2026-11-22', 7)];
    expect(bestDay(days, 'tries')?.date).toBe('2026-11-21');
    expect(bestDay(days, 'likes')).toBeNull();
    expect(bestDay([], 'tries')).toBeNull();
  });
  it('name days as the server counts them, wherever one is', () => {
    expect(dayText('2026-01-01', 'en')).toBe('Jan 1');
    expect(dayText('2026-01-01', 'ko')).toBe('1월 1일');
    expect(dayText('2026-12-31', 'en', 'long')).toBe('Dec 31, 2026');
  });
  it('put as many days on the axis as have room', () => {
    expect(axisDays(7, 8)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(axisDays(30, 8).at(-1)).toBe(29);
    expect(axisDays(365, 6).length).toBeLessThanOrEqual(7);
    expect(axisDays(1, 0)).toEqual([0]);
    expect(axisDays(0, 5)).toEqual([]);
  });
});
