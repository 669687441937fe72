import { describe, expect, it } from 'vitest';
import { commandsOf, formatBytes, formatClock, hueOf, shortName } from './format.ts';
import { parseRoute } from './router.svelte.ts';
import { pickLanguage } from '../i18n/index.svelte.ts';
import { projectPath, queryString } from '../api/client.ts';
import { messages as en } from '../i18n/en.ts';
import { messages as ko } from '../i18n/ko.ts';

describe('numbers', () => {
  it('formats bytes', () => {
    expect([0, 1023, 1536, 88_080_384, 536_870_912].map(formatBytes)).toEqual(['0 B', '1023 B', '1.5 KB', '84 MB', '512 MB']);
  });
  it('formats clocks', () => {
    expect([761_000, 59_999, 60_000, 3_723_000, -5].map(formatClock)).toEqual(['12:41', '0:59', '1:00', '1:02:03', '0:00']);
  });
  it('gives a name one hue', () => {
    expect(hueOf('taste/figlet')).toBe(hueOf('taste/figlet'));
    expect(hueOf('')).toBeLessThan(8);
    expect(shortName('taste/figlet')).toBe('figlet');
  });
});

describe('shell blocks', () => {
  it('are typed as they are', () => {
    expect(commandsOf('figlet hi\nls\n\n')).toBe('figlet hi\nls');
    expect(commandsOf('# a comment\nls')).toBe('# a comment\nls');
  });
  it('lose prompts, and the output under them', () => {
    expect(commandsOf('$ echo hi\nhi\n$ ls\n')).toBe('echo hi\nls');
  });
});

describe('addresses', () => {
  it.each([
    ['/', '', { page: 'main' }],
    ['/p/taste/figlet', '', { page: 'project', fullName: 'taste/figlet', tryNow: false }],
    ['/p/taste/figlet/', '?try', { page: 'project', fullName: 'taste/figlet', tryNow: true }],
    ['/me/containers', '', { page: 'containers' }],
    ['/p/taste', '', { page: 'missing' }],
    ['/p/a/b/c', '', { page: 'missing' }],
    ['/p/%2e%2e/x', '', { page: 'missing' }],
    ['/p/a%2Fb/c', '', { page: 'missing' }],
    ['/p/%E0%A4%A/c', '', { page: 'missing' }],
    ['/me/likes', '', { page: 'likes' }],
    ['/me/projects', '', { page: 'projects' }],
    ['/me/projects/ann/tool/statistics', '', { page: 'statistics', fullName: 'ann/tool' }],
    ['/me/projects/ann/statistics', '', { page: 'missing' }],
    ['/me/projects/../tool/statistics', '', { page: 'missing' }],
    ['/new', '', { page: 'new' }],
    ['/me/projects/ann/tool/edit', '', { page: 'edit', fullName: 'ann/tool' }],
    ['/builds/b-1', '', { page: 'build', id: 'b-1' }],
    ['/builds/..%2fx', '', { page: 'missing' }],
    ['/login', '', { page: 'login', query: new URLSearchParams() }],
    ['/register', '', { page: 'register', query: new URLSearchParams() }],
    ['/settings/', '', { page: 'settings' }],
    ['/u/ann', '', { page: 'user', username: 'ann' }],
    ['/u/a%2Fb', '', { page: 'missing' }],
    ['/admin', '', { page: 'admin', section: 'overview', query: new URLSearchParams() }],
    ['/admin/users', '', { page: 'admin', section: 'users', query: new URLSearchParams() }],
    ['/admin/builds', '', { page: 'admin', section: 'builds', query: new URLSearchParams() }],
    ['/admin/registry', '', { page: 'admin', section: 'registry', query: new URLSearchParams() }],
    ['/admin/keys', '', { page: 'missing' }],
    ['/admin/users/x', '', { page: 'missing' }],
    ['/embed/ann/tool', '', { page: 'missing' }], // a page of its own (embed.html)
    ['/nowhere', '', { page: 'missing' }],
  ])('%s%s', (path, search, route) => {
    expect(parseRoute(path, search)).toEqual(route);
  });
  it('escapes', () => {
    expect(projectPath('a b/c?d')).toBe('a%20b/c%3Fd');
    expect(queryString({ q: '한 글', page: 2, category: '', sort: undefined })).toBe('?q=%ED%95%9C+%EA%B8%80&page=2');
    expect(queryString({})).toBe('');
  });
});

describe('languages', () => {
  it('follow the browser', () => {
    expect(pickLanguage(['fr-FR', 'ko-KR', 'en'])).toBe('ko');
    expect(pickLanguage(['fr'])).toBe('en');
    expect(pickLanguage([])).toBe('en');
  });
  it('leave nothing untranslated', () => {
    const words = (value: unknown, path: string): [string, string][] => {
      if (typeof value === 'string') return [[path, value]];
      if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, item]) => words(item, `${path}.${key}`));
      return [];
    };
    const korean = new Map(words(ko, ''));
    const same = words(en, '').filter(([path, text]) => korean.get(path) === text).map(([path]) => path);
    expect(same).toEqual(['.site.name', '.categories.ai', '.project.dockerfile', '.term.cpu']);
  });
});
