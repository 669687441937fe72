// How the registry grew: every day has a figure, also those on which nobody counted.
import type { GrowthDay } from '../api/admin.ts';

const DAY_MS = 86400e3;

/** The days from the first to the last one; a day that was not counted is as the one before. */
export function everyDay(growth: readonly GrowthDay[]): GrowthDay[] {
  const known = new Map(growth.map((day) => [day.date, day.bytes]));
  const dates = [...known.keys()].sort();
  const first = Date.parse(`${dates[0] ?? ''}T00:00:00Z`);
  const last = Date.parse(`${dates.at(-1) ?? ''}T00:00:00Z`);
  const days: GrowthDay[] = [];
  for (let at = first; at <= last; at += DAY_MS) {
    const date = new Date(at).toISOString().slice(0, 10);
    days.push({ date, bytes: known.get(date) ?? days.at(-1)?.bytes ?? 0 });
  }
  return days;
}

/** Seconds between two moments; null when one of them has not come. */
export function secondsBetween(from: string | null | undefined, to: string | null | undefined): number | null {
  const seconds = (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000;
  return Number.isFinite(seconds) ? Math.max(Math.round(seconds), 0) : null;
}
