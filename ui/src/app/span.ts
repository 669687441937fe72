// How long something lasted, in the language in use.

/** 42 s, 4 min 12 s, 1 h 3 min: two units at most. */
export function formatSpan(ms: number, language: string): string {
  const seconds = Math.max(Math.round(ms / 1000), 0);
  const parts: [number, string][] = [[Math.floor(seconds / 3600), 'hour'], [Math.floor(seconds / 60) % 60, 'minute'], [seconds % 60, 'second']];
  const first = parts.findIndex(([value]) => value > 0);
  const shown = first < 0 ? parts.slice(2) : parts.slice(first, first + 2).filter(([value]) => value > 0);
  return shown.map(([value, unit]) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(value)).join(' ');
}
