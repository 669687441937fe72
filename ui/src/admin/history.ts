// What was measured since the page was opened: enough for a small line, no more.
export interface Sample {
  /** Seconds since 1970. */
  at: number;
  value: number | null;
}

const MOST = 300;

export function remember(history: readonly Sample[], sample: Sample): readonly Sample[] {
  return [...history.slice(-(MOST - 1)), sample];
}

export function largest(history: readonly Sample[]): number {
  return Math.max(0, ...history.map((sample) => sample.value ?? 0));
}
