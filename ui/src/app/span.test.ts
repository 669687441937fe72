import { describe, expect, it } from 'vitest';
import { formatSpan } from './span.ts';

describe('spans', () => {
  it.each([[0, '0 sec'], [-5, '0 sec'], [42_000, '42 sec'], [60_000, '1 min'], [252_400, '4 min 12 sec'], [3_600_000, '1 hr'], [3_790_000, '1 hr 3 min']])('%i ms', (ms, text) => {
    expect(formatSpan(ms, 'en')).toBe(text);
  });
  it('speaks Korean', () => {
    expect(formatSpan(252_400, 'ko')).toBe('4분 12초');
  });
});
