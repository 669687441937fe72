import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fillBoot, projectFiles } from './boot.ts';
import { overBudget } from './budget.ts';
import { fonts, holdsLatin, onlyWoff2, ranges } from './fonts.ts';
import { compressFile, compressible } from './precompress.ts';

const LATIN = '@font-face { font-family: X; src: url(a.woff2) format("woff2"), url(a.woff) format("woff"); unicode-range: U+20-22, U+41-47; }';
const KOREAN = '@font-face { font-family: X; src: url(b.woff2) format("woff2"); unicode-range: U+d723-d728, u+ac00; }';

describe('fonts', () => {
  it('reads ranges', () => {
    expect(ranges(KOREAN)).toEqual([[0xd723, 0xd728], [0xac00, 0xac00]]);
    expect(ranges('@font-face {}')).toEqual([]);
    expect([LATIN, KOREAN].map(holdsLatin)).toEqual([true, false]);
  });
  it('leaves woff behind', () => {
    expect(onlyWoff2(LATIN)).not.toMatch(/\.woff[^2]/);
    expect(onlyWoff2(LATIN)).toContain('a.woff2');
  });
  it('splits the text face in two that make the whole', () => {
    const transform = fonts().transform as (code: string, id: string) => { code: string } | null;
    const css = `/* [0] */\n${LATIN}\n/* [1] */\n${KOREAN}`;
    const part = (query: string) => transform(css, `/x/pretendard/dist/p.css?part=${query}`)?.code ?? '';
    expect(part('latin')).toContain('a.woff2');
    expect(part('latin')).not.toContain('b.woff2');
    expect(part('rest')).toContain('b.woff2');
    expect(part('rest')).not.toContain('a.woff2');
    expect(transform(css, '/x/@fontsource/nanum-gothic-coding/400.css')?.code.match(/size-adjust: 120%/g)).toHaveLength(2);
    expect(transform(css, '/x/other.css')).toBe(null);
    expect(transform('', '/x/main.ts')).toBe(null);
  });
});

describe('precompressed files', () => {
  it('hold the same bytes', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'ttob-ui-')), 'a.css');
    writeFileSync(path, 'body { color: red }'.repeat(100));
    compressFile(path);
    const plain = readFileSync(path);
    expect(gunzipSync(readFileSync(`${path}.gz`)).equals(plain)).toBe(true);
    expect(brotliDecompressSync(readFileSync(`${path}.br`)).equals(plain)).toBe(true);
  });
  it('are made of text only', () => {
    expect(['a.js', 'a.css', 'index.html', 'a.svg', 'a.woff2', 'a.png', 'a.js.br'].map(compressible)).toEqual([true, true, true, true, false, false, false]);
  });
});

describe('the boot script', () => {
  it('learns where the messages are', () => {
    const source = readFileSync(new URL('../src/app/boot.js', import.meta.url), 'utf8');
    const filled = fillBoot(source, { en: '/assets/en-x.js' }, ['/assets/p.js', '/assets/p.css']);
    expect(filled).toContain('var messages = {"en":"/assets/en-x.js"};');
    expect(filled).toContain('var project = ["/assets/p.js","/assets/p.css"];');
    expect(filled).not.toMatch(/__[A-Z]+__/);
  });
  it('learns what a project page needs beyond the first script', () => {
    const chunk = (fileName: string, imports: string[], css: string[], more: object = {}) =>
      ({ type: 'chunk' as const, fileName, imports, isEntry: false, facadeModuleId: null, viteMetadata: { importedCss: new Set(css) }, ...more });
    const page = { facadeModuleId: '/ui/src/pages/ProjectPage.svelte' };
    const entry = { isEntry: true, facadeModuleId: '/ui/index.html' };
    const bundle = {
      'i.js': chunk('i.js', ['shared.js'], ['i.css'], entry),
      'shared.js': chunk('shared.js', [], ['shared.css']),
      'p.js': chunk('p.js', ['shared.js', 'taste.js', 'i.js'], ['p.css', 'shared.css'], page),
      'taste.js': chunk('taste.js', ['p.js'], ['taste.css', 'p.css']),
    };
    expect(projectFiles(bundle)).toEqual(['/p.js', '/p.css', '/taste.js', '/taste.css']);
    expect(projectFiles({})).toEqual([]);
  });
});

describe('the budget', () => {
  const noise = (bytes: number) => randomBytes(bytes).toString('hex');
  const chunk = (fileName: string, code: string, more: object) =>
    ({ type: 'chunk' as const, fileName, code, imports: [], isEntry: false, facadeModuleId: null, ...more });
  it('counts what is imported, once', () => {
    const big = noise(150_000);
    const bundle = {
      'i.js': chunk('i.js', 'import "a"', { isEntry: true, imports: ['a.js', 'b.js'] }),
      'a.js': chunk('a.js', big, { imports: ['b.js'] }),
      'b.js': chunk('b.js', 'b', { imports: ['i.js'] }),
    };
    expect(overBudget(bundle)).toHaveLength(1);
    expect(overBudget({ 'i.js': chunk('i.js', 'x', { isEntry: true }) })).toEqual([]);
  });
});
