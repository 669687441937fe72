import { describe, expect, it } from 'vitest';
import { badgeCode, badgePath, embedCode, readOrigins } from './codes.ts';

const badge = { origin: 'https://try.example.org', fullName: 'taste/figlet', tries: true, theme: 'dark' } as const;

describe('badges', () => {
  it('have the shortest address', () => {
    expect(badgePath({ fullName: 'a/b', tries: false, theme: 'auto' })).toBe('/badge/a/b.svg');
    expect(badgePath(badge)).toBe('/badge/taste/figlet.svg?tries=1&theme=dark');
  });
  it('are written in four languages', () => {
    const image = 'https://try.example.org/badge/taste/figlet.svg?tries=1&theme=dark';
    const page = 'https://try.example.org/p/taste/figlet';
    expect(badgeCode('markdown', badge, 'Try figlet')).toBe(`[![Try figlet](${image})](${page})`);
    expect(badgeCode('html', badge, 'Try figlet')).toBe(`<a href="${page}"><img src="${image.replace('&', '&amp;')}" alt="Try figlet"></a>`);
    expect(badgeCode('rst', badge, 'Try figlet')).toBe(`.. image:: ${image}\n   :target: ${page}\n   :alt: Try figlet`);
    expect(badgeCode('asciidoc', badge, 'Try figlet')).toBe(`image:${image}["Try figlet",link="${page}"]`);
  });
  it('escape what they say', () => {
    expect(badgeCode('html', badge, '"<x>&')).toContain('alt="&quot;&lt;x>&amp;"');
    expect(embedCode('https://x', 'a/b', 'Try "b"')).toContain('title="Try &quot;b&quot;"');
  });
});

describe('sites', () => {
  it('are read one a line', () => {
    expect(readOrigins(' https://a.example/\nhttps://b.example:8443\n\nhttps://a.example')).toEqual({ origins: ['https://a.example', 'https://b.example:8443'], bad: null });
    expect(readOrigins('')).toEqual({ origins: [], bad: null });
    expect(readOrigins('https://한글.kr').origins).toEqual(['https://xn--bj0bj06e.kr']);
  });
  it.each(['http://a.example', 'a.example', 'https://a.example/page', 'https://*.example', 'https://u:p@a.example', 'https://a.example?x', 'javascript:1', '*'])('refuse %s', (line) => {
    expect(readOrigins(`https://ok.example\n${line}`).bad).toBe(line);
  });
});
