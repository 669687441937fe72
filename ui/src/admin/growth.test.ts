import { describe, expect, it } from 'vitest';
import { everyDay, secondsBetween } from './growth.ts';

describe('growth', () => {
  it('has every day between the first and the last', () => {
    expect(everyDay([{ date: '2026-03-02', bytes: 7 }, { date: '2026-02-27', bytes: 5 }])).toEqual([
      { date: '2026-02-27', bytes: 5 }, { date: '2026-02-28', bytes: 5 }, { date: '2026-03-01', bytes: 5 }, { date: '2026-03-02', bytes: 7 },
    ]);
  });
  it('is nothing where nothing was counted, or where the dates are none', () => {
    expect(everyDay([])).toEqual([]);
    expect(everyDay([{ date: 'soon', bytes: 1 }])).toEqual([]);
  });
});

describe('how long something took', () => {
  it('is told once it is over', () => {
    expect(secondsBetween('2026-01-01T00:00:00Z', '2026-01-01T00:01:30Z')).toBe(90);
    expect(secondsBetween('2026-01-01T00:00:00Z', null)).toBeNull();
    expect(secondsBetween(undefined, '2026-01-01T00:00:00Z')).toBeNull();
    expect(secondsBetween('2026-01-01T00:00:05Z', '2026-01-01T00:00:00Z')).toBe(0); // clocks differ
  });
});
