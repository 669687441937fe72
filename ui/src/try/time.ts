import { m } from '../i18n/index.svelte.ts';

/** A wait in words, rounded as people say it. */
export function roughTime(seconds: number): string {
  if (seconds < 55) return m().time.seconds(Math.max(Math.ceil(seconds / 5) * 5, 5));
  return m().time.minutes(Math.round(seconds / 60));
}
