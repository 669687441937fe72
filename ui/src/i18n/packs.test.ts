import { describe, expect, it } from 'vitest';
import { messages as feedbackEn } from './feedback-en.ts';
import { messages as feedbackKo } from './feedback-ko.ts';
import { messages as mineEn } from './mine-en.ts';
import { messages as mineKo } from './mine-ko.ts';
import { messages as publishEn } from './publish-en.ts';
import { messages as publishKo } from './publish-ko.ts';

/** Every message as text, those with places filled in. */
function words(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return [[path, String((value as (...args: unknown[]) => string)(2, 'x', 'y'))]];
  return Object.entries(value as object).flatMap(([key, item]) => words(item, `${path}.${key}`));
}

describe('words that come later', () => {
  it.each([['feedback', feedbackEn, feedbackKo, ['.badge.formats.html', '.badge.formats.rst', '.badge.formats.asciidoc']], ['mine', mineEn, mineKo, []], ['publish', publishEn, publishKo, ['.ways.dockerfile']]] as const)('leave nothing of %s untranslated', (_, en, ko, same) => {
    const korean = new Map(words(ko));
    expect(words(en).filter(([path, text]) => korean.get(path) === text).map(([path]) => path)).toEqual(same);
  });
});
