// Figures of a project by day: what the chart, the table and the sentence about the best day need.
import type { Day, Metric } from '../api/discovery.ts';

export const metrics: readonly Metric[] = ['tries', 'visitors', 'minutes', 'likes'];
export const ranges = [7, 30, 90, 365] as const;
export type Range = (typeof ranges)[number];

export function bestDay(days: readonly Day[], metric: Metric): Day | null {
  return days.reduce<Day | null>((best, day) => (day[metric] > (best?.[metric] ?? 0) ? day : best), null);
}

/** A day as people say it; the server counts days in UTC, so no clock may shift it. */
export function dayText(date: string, language: string, style: 'short' | 'long' = 'short'): string {
  const options: Intl.DateTimeFormatOptions = style === 'short' ? { month: 'short', day: 'numeric' } : { dateStyle: 'medium' };
  return new Intl.DateTimeFormat(language, { ...options, timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`));
}

/** Days that get a word on the axis: evenly apart, the last one always, as many as have room. */
export function axisDays(count: number, room: number): number[] {
  const step = [1, 2, 3, 7, 14, 28, 56, 84, 112].find((days) => count / days <= Math.max(room, 2)) ?? count;
  const found: number[] = [];
  for (let at = count - 1; at >= 0; at -= step) found.unshift(at);
  return found;
}
