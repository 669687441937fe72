import { describe, expect, it } from 'vitest';
import { accept, aboutOf, changed, draftOfSource, emptyDraft, emptySource, formOf, isBegun, licenceFits, nameFits, nameOfScript, nameOutOf, readDraft, sourceOf, words, type Unkept } from './draft.ts';

const nothing: Unkept = { password: '', context: null, logo: null, sandbox: null };

describe('names', () => {
  it.each([['cowsay', true], ['my-tool.2', true], ['a', true], ['', false], ['-x', false], ['x-', false], ['a--b', false], ['A', false], ['한글', false], ['a/b', false], ['x'.repeat(41), false]])('%s: %s', (name, fits) => {
    expect(nameFits(name)).toBe(fits);
  });
  it.each([
    ['https://example.org/ann/My_Tool.git', 'my_tool'], ['https://example.org/ann/tool/?x=1#y', 'tool'], ['docker.example/ann/tool:1.2', 'tool'], ['redis:7', 'redis'],
    ['ann/tool@sha256:abc', 'tool'], ['  ', ''], ['---', ''], ['한글', ''], [`${'x'.repeat(39)}-yy`, 'x'.repeat(39)],
  ])('out of %s', (text, name) => expect(nameOutOf(text)).toBe(name));
  it('are found in scripts', () => {
    expect(nameOfScript('apt-get update\napt-get install -y --no-install-recommends cowsay\n')).toBe('cowsay');
    expect(nameOfScript('apt-get install -y curl \\\n  figlet && rm -rf /var/lib/apt/lists')).toBe('figlet');
    expect(nameOfScript('npm install -g cowsay')).toBe('cowsay');
    expect(nameOfScript('# apt-get install x\necho hi')).toBe('');
    expect(nameOfScript('apt-get install -y "$PACKAGE"')).toBe('');
  });
});

describe('licences', () => {
  it.each([['MIT', true], ['GPL-2.0-or-later', true], ['(MIT OR Apache-2.0) AND Zlib', true], ['GPL-2.0+', true], ['GPL-2.0-only WITH Classpath-exception-2.0', true], ['LicenseRef-Own', true],
    ['MIT Apache-2.0', false], ['MIT OR', false], ['OR MIT', false], ['(MIT', false], ['MIT)', false], ['()', false], ['my own!', false]])('%s: %s', (text, fits) => {
    expect(licenceFits(text)).toBe(fits);
  });
});

describe('what is sent', () => {
  it('leaves empty fields out', () => {
    const draft = emptyDraft();
    Object.assign(draft.about, { name: ' cowsay ', summary: ' A cow\n speaks ', category: 'fun', tags: 'cow, moo cow', ports: '80 8080' });
    Object.assign(draft.source, { base: 'debian:bookworm', script: 'apt-get install -y cowsay\n' });
    expect(formOf(draft, nothing)).toEqual({
      name: 'cowsay', summary: 'A cow speaks', category: 'fun', tags: ['cow', 'moo'], size: 'medium', network: false, ports: [80, 8080],
      source: { kind: 'script', base: 'debian:bookworm', script: 'apt-get install -y cowsay\n' },
    });
  });
  it('names only what changed', () => {
    const before = aboutOf(emptyDraft().about);
    expect(changed(before, { ...before, tags: ['a'], license: 'MIT' })).toEqual({ tags: ['a'], license: 'MIT' });
    expect(changed(before, before)).toEqual({});
    expect(changed({ ...before, homepage: 'https://example.org' }, before)).toEqual({ homepage: null });
    expect(changed(null, before)).toMatchObject({ summary: null, tags: [], size: 'medium' });
  });
  it('sends each way as the server takes it', () => {
    const source = { ...emptySource(), reference: ' ann/x:1 ', username: 'ann', url: ' https://example.org/x ', folder: 'sub', dockerfile: 'FROM x' };
    expect(sourceOf({ ...source, way: 'image' }, { ...nothing, password: 's' })).toEqual({ kind: 'image', reference: 'ann/x:1', username: 'ann', password: 's' });
    expect(sourceOf({ ...source, way: 'image' }, nothing, 'ann')).toEqual({ kind: 'image', reference: 'ann/x:1', has_credentials: true });
    expect(sourceOf({ ...source, way: 'image' }, { ...nothing, password: 's' }, 'ann')).toEqual({ kind: 'image', reference: 'ann/x:1', username: 'ann', password: 's' });
    expect(sourceOf({ ...source, way: 'image', username: '' }, nothing, 'ann')).toEqual({ kind: 'image', reference: 'ann/x:1' });
    expect(sourceOf({ ...source, way: 'image', username: '' }, { ...nothing, password: 's' })).toEqual({ kind: 'image', reference: 'ann/x:1' });
    expect(sourceOf({ ...source, way: 'git' }, nothing)).toEqual({ kind: 'git', url: 'https://example.org/x', folder: 'sub' });
    expect(sourceOf({ ...source, way: 'git', gitBase: 'debian', gitScript: 'make' }, nothing)).toMatchObject({ base: 'debian', script: 'make' });
    expect(sourceOf({ ...source, way: 'sandbox' }, { ...nothing, sandbox: 's1' })).toEqual({ kind: 'sandbox', sandbox: 's1' });
    expect(sourceOf({ ...source, way: 'dockerfile', dockerfile: ' ' }, { ...nothing, context: new File([], 'x.tar') })).toEqual({ kind: 'dockerfile' });
  });
  it('comes back to be edited', () => {
    const git = { kind: 'git', url: 'https://example.org/x', base: 'debian', script: 'make' } as const;
    expect(sourceOf(draftOfSource(git), nothing)).toEqual(git);
    const script = { kind: 'script', base: 'debian', script: 'true' } as const;
    expect(sourceOf(draftOfSource(script), nothing)).toEqual(script);
  });
});

describe('drafts', () => {
  it('are read as they were kept, and nothing else', () => {
    const draft = emptyDraft();
    draft.about.name = 'x';
    draft.source.gitScript = 'make';
    draft.made = { fullName: 'ann/x', build: 'b1' };
    expect(readDraft(JSON.stringify(draft))).toEqual(draft);
    for (const text of [null, '', '{', '[]', 'null', '7', '"x"']) expect(readDraft(text) ?? emptyDraft()).toEqual(emptyDraft());
    expect(readDraft('{"source":{"way":"magic","script":7},"about":{"size":"huge","network":"yes","extra":1},"made":{"build":1}}')).toEqual(emptyDraft());
  });
  it('are begun by typing', () => {
    const draft = emptyDraft();
    draft.source.base = 'debian';
    expect(isBegun(draft)).toBe(false);
    draft.source.script = 'x';
    expect(isBegun(draft)).toBe(true);
  });
  it('take a proposal without losing what was typed', () => {
    const draft = emptyDraft();
    draft.about.summary = 'mine';
    const next = accept(draft, { name: 'tool', summary: 'theirs', license: 'MIT', category: null, source: { kind: 'git', url: 'u', base: 'debian', script: 'make' } });
    expect(next.about).toMatchObject({ name: 'tool', summary: 'mine', license: 'MIT', category: '' });
    expect(next.source).toMatchObject({ gitBase: 'debian', gitScript: 'make' });
    expect(accept(next, { source: { kind: 'git', url: 'u' } }).source.gitScript).toBeNull();
  });
  it('split words', () => expect(words(' a, b\n a,,c ')).toEqual(['a', 'b', 'c']));
});
