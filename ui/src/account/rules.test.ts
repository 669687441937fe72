import { describe, expect, it } from 'vitest';
import { emailFits, homepageFits, nameFits, nameRules, strengthOf } from './rules.ts';

describe('user names', () => {
  it.each(['ann', 'a1b', '1ann', 'some-body', 'a'.repeat(32)])('%s fits', (name) => expect(nameFits(name)).toBe(true));
  it.each(['', 'a', 'ab', 'a--b', '-ann', 'ann-', 'Ann', 'an n', '앤디', 'a_b', 'a.b', 'a'.repeat(33), '../x', 'ann\n'])('%j does not', (name) => expect(nameFits(name)).toBe(false));
  it('are told rule by rule', () => {
    expect(nameRules('A')).toEqual({ length: false, letters: false, ends: false });
    expect(nameRules('ann-')).toEqual({ length: true, letters: true, ends: false });
  });
});

describe('addresses', () => {
  it.each(['a@b.org', 'a+b@sub.example.org', 'A.B@x-y.KR'])('%s may be one', (text) => expect(emailFits(text)).toBe(true));
  it.each(['', 'a', '@b', 'a@', 'a@b@c', 'a b@c.org', 'a@b..c', 'a@.b', 'a+b@localhost', '.a@b.org', 'a.@b.org', 'a@-b.org', '한글@예.한국', `${'a'.repeat(250)}@b.org`])('%j is none', (text) => expect(emailFits(text)).toBe(false));
  it('are web addresses', () => {
    expect(homepageFits('https://example.org/x')).toBe(true);
    for (const text of ['', 'example.org', 'javascript:alert(1)', 'data:text/html,x', 'ftp://x', `https://x/${'a'.repeat(300)}`]) expect(homepageFits(text)).toBe(false);
  });
});

describe('passwords', () => {
  it.each([
    ['', 0, 'longer'], ['short', 0, 'longer'], ['password1', 1, 'common'], ['Qwerty123', 1, 'common'], ['P@ssw0rd', 1, 'longer'], ['aaaaaaaaaaaa', 1, 'repeats'],
    ['12345678901', 1, 'repeats'], ['hello-annie', 1, 'name'],
  ])('%j is weak', (password, level, hint) => {
    const found = strengthOf(password, 'annie');
    expect(found.level).toBeLessThanOrEqual(Math.max(level, 2));
    if (hint !== 'longer') expect(found).toEqual({ level, hint });
  });
  it('grow with length', () => {
    const levels = ['tovik82x', 'tovik82x-gam', 'tovik82x-gam-rilosen', 'correct horse battery staple'].map((text) => strengthOf(text).level);
    expect(levels).toEqual([...levels].sort((a, b) => a - b));
    expect(levels.at(-1)).toBe(4);
    expect(levels[0]).toBeLessThan(4);
  });
  it('may be in any script', () => expect(strengthOf('커피와함께아침산책열두걸음').level).toBeGreaterThan(1));
});
