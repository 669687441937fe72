import { describe, expect, it } from 'vitest';
import { messages } from '../i18n/publish-en.ts';
import { checkAbout, checkSource, serverFields } from './check.ts';
import { emptyAbout, emptySource, type Unkept } from './draft.ts';

const { checks } = messages;
const nothing: Unkept = { password: '', context: null, logo: null, sandbox: null };
const good = { ...emptyAbout(), name: 'cowsay', summary: 'A cow', category: 'fun' };

describe('fields', () => {
  it('are needed or not', () => {
    expect(checkAbout(good, checks)).toEqual({});
    expect(Object.keys(checkAbout(emptyAbout(), checks))).toEqual(['name', 'summary', 'category']);
  });
  it.each([
    ['name', { name: 'A b' }], ['summary', { summary: '가'.repeat(141) }], ['summary_ko', { summaryKo: 'x'.repeat(141) }], ['tags', { tags: 'Cow' }], ['tags', { tags: 'a b c d e f g h i j k' }],
    ['license', { license: 'my own' }], ['homepage', { homepage: 'javascript:alert(1)' }], ['contact', { contact: 'ann' }], ['ports', { ports: '80 70000' }], ['ports', { ports: '8o' }],
  ])('%s is looked at', (field, change) => {
    expect(Object.keys(checkAbout({ ...good, ...change }, checks))).toEqual([field]);
  });
  it('take what is fine', () => {
    expect(checkAbout({ ...good, summary: '가'.repeat(140), license: 'MIT OR Zlib', contact: 'ann@example.org', homepage: 'https://example.org', ports: '80, 443', tags: 'c++ node.js' }, checks)).toEqual({});
  });
});

describe('sources', () => {
  const source = { ...emptySource(), base: 'debian' };
  it('are needed', () => {
    expect(checkSource(source, nothing, checks)).toEqual({ 'source.script': checks.needed });
    expect(checkSource({ ...source, way: 'dockerfile' }, nothing, checks)).toEqual({ 'source.dockerfile': checks.needed });
    expect(checkSource({ ...source, way: 'dockerfile' }, { ...nothing, context: new File([], 'x.zip') }, checks)).toEqual({});
    expect(checkSource({ ...source, way: 'sandbox' }, nothing, checks)).toEqual({ 'source.sandbox': checks.sandbox });
    expect(checkSource({ ...source, way: 'git', url: 'http://x/y' }, nothing, checks)).toEqual({ 'source.url': checks.gitUrl });
    expect(checkSource({ ...source, way: 'git', url: 'https://x/y', gitScript: ' ', gitBase: 'debian' }, nothing, checks)).toEqual({ 'source.script': checks.needed });
  });
  it('want the password that goes with a name, unless it is kept', () => {
    const image = { ...source, way: 'image' as const, reference: 'host.example/x', username: 'ann' };
    expect(checkSource(image, nothing, checks)).toEqual({ 'source.password': checks.password });
    expect(checkSource(image, nothing, checks, 'ann')).toEqual({});
    expect(checkSource(image, nothing, checks, 'bob')).toEqual({ 'source.password': checks.password });
    const full = { ...nothing, password: 's' };
    for (const reference of ['host.example/x', 'localhost/x', 'host:5000/a/b:1']) expect(checkSource({ ...image, reference }, full, checks)).toEqual({});
    for (const reference of ['x', 'x:1', 'lab/x', 'host.example/']) expect(checkSource({ ...image, reference }, full, checks)).toEqual({ 'source.reference': checks.registry });
    expect(checkSource({ ...image, username: 'a:b' }, full, checks)).toEqual({ 'source.username': checks.username });
    expect(checkSource({ ...image, username: ' ' }, full, checks)).toEqual({ 'source.username': checks.needed });
  });
  it('show what the server says where it belongs', () => {
    const errors = [{ field: 'source', message: 'a' }, { field: 'license', message: 'b' }];
    expect(serverFields(errors, { ...source, way: 'git' }, (text) => text)).toEqual({ 'source.url': 'a', license: 'b' });
    expect(serverFields(errors, null, (text) => text)).toEqual({ source: 'a', license: 'b' });
  });
});
