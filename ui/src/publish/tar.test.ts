import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contextOf, paxRecord, tar } from './tar.ts';

describe('tar', () => {
  let folder: string;
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ttob-tar-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is read by tar itself, with long and Korean paths', async () => {
    const long = `${'deep/'.repeat(40)}file.txt`;
    const files = [['Dockerfile', 'FROM scratch\n'], ['한글/파일.txt', '안녕'], [long, 'x'.repeat(1000)], ['empty', ''], ['exact', 'y'.repeat(512)]] as const;
    const blob = tar(files.map(([path, text]) => ({ path, file: new Blob([text]) })));
    expect(blob.size % 512).toBe(0);
    writeFileSync(join(folder, 'x.tar'), new Uint8Array(await blob.arrayBuffer()));
    execFileSync('tar', ['xf', 'x.tar'], { cwd: folder });
    for (const [path, text] of files) expect(readFileSync(join(folder, path), 'utf8')).toBe(text);
  });
  it.each([[1], [80], [88], [89], [90], [91], [92], [980], [990]])('counts a record of %i letters', (n) => {
    const record = paxRecord('path', 'x'.repeat(n));
    expect(Number(record.split(' ')[0])).toBe(record.length);
  });
});

describe('a folder', () => {
  const file = new Blob([]);
  it('loses its own name and git', () => {
    const { entries, skipped } = contextOf(['/tool/Dockerfile', '/tool/src/a', '/tool/.git/HEAD', '/tool/.gitignore'].map((path) => ({ path, file })));
    expect(entries.map(({ path }) => path)).toEqual(['Dockerfile', 'src/a', '.gitignore']);
    expect(skipped).toBe(1);
  });
  it('keeps what lies beside each other', () => {
    expect(contextOf([{ path: 'Dockerfile', file }, { path: 'src/a', file }]).entries.map(({ path }) => path)).toEqual(['Dockerfile', 'src/a']);
    expect(contextOf([]).entries).toEqual([]);
  });
});
