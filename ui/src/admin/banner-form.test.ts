import { describe, expect, it } from 'vitest';
import type { Banner } from '../api/admin.ts';
import { messages as en } from '../i18n/admin-en.ts';
import { messages as ko } from '../i18n/admin-ko.ts';
import { checkDraft, draftOf, fromLocal, stateOf, toLocal, wordsOf, type Draft } from './banner-form.ts';

const fine: Draft = { text: ' Learn SQL ', text_ko: '', link: 'https://sql.example/', starts: '', ends: '', weight: '10', enabled: true };
const banner: Banner = { id: 'b', text: 'x', text_ko: null, link: 'https://x.example/', starts_at: '2026-11-22T10:00:00Z', ends_at: '2026-11-23T10:00:00Z', weight: 5, enabled: true, views: 0, clicks: 0, image: null };

describe('a banner', () => {
  it('becomes what the server wants', () => {
    expect(wordsOf(fine)).toEqual({ text: 'Learn SQL', text_ko: null, link: 'https://sql.example/', starts_at: null, ends_at: null, weight: 10, enabled: true });
    expect(wordsOf(draftOf(banner))).toEqual({ text: 'x', text_ko: null, link: 'https://x.example/', starts_at: banner.starts_at, ends_at: banner.ends_at, weight: 5, enabled: true });
  });
  it('keeps its times to the minute through this machine’s time', () => {
    for (const iso of ['2026-11-22T10:00:00Z', '2026-03-29T01:30:00Z', '2024-02-29T23:59:00Z']) expect(fromLocal(toLocal(iso))).toBe(iso);
    expect([toLocal(null), toLocal('x'), fromLocal(''), fromLocal('x')]).toEqual(['', '', null, null]);
  });
  it.each([
    ['text', { text: '  ' }], ['text', { text: 'x'.repeat(141) }], ['text_ko', { text_ko: '가'.repeat(141) }], ['link', { link: 'javascript:alert(1)' }],
    ['link', { link: '' }], ['ends_at', { starts: '2026-01-02T00:00', ends: '2026-01-01T00:00' }], ['weight', { weight: '0' }], ['weight', { weight: '101' }],
    ['weight', { weight: '1.5' }], ['weight', { weight: '' }], ['weight', { weight: 'x' }],
  ])('is refused for its %s: %j', (field, change) => expect(Object.keys(checkDraft({ ...fine, ...change }, en.banners))).toEqual([field]));
  it('is fine otherwise', () => expect(checkDraft(fine, en.banners)).toEqual({}));
  it('is on, off, later or over', () => {
    const at = (iso: string): number => Date.parse(iso);
    expect([stateOf(banner, at('2026-11-22T09:00:00Z')), stateOf(banner, at('2026-11-22T10:00:00Z')), stateOf(banner, at('2026-11-23T10:00:00Z')), stateOf({ ...banner, enabled: false }, 0)])
      .toEqual(['later', 'on', 'over', 'off']);
  });
});

describe('messages', () => {
  it('leave nothing untranslated', () => {
    const words = (value: unknown, path: string): [string, string][] => {
      if (typeof value === 'string') return [[path, value]];
      return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, item]) => words(item, `${path}.${key}`)) : [];
    };
    const korean = new Map(words(ko, ''));
    expect(words(en, '').filter(([path, text]) => korean.get(path) === text).map(([path]) => path)).toEqual(['.sandboxes.cpu']);
  });
});
