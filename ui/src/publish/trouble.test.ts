import { describe, expect, it } from 'vitest';
import { messages as en } from '../i18n/publish-en.ts';
import { causes, isComplaint, troubleOf, type Cause } from './trouble.ts';

const of = (error: string | null, stage: 'build' | 'smoke' = 'build') => troubleOf({ error, stage });

describe('causes', () => {
  it.each<[string, Cause, string]>([
    ['there is no package tomcat99 in the package lists: run apt-get update first, or check the name', 'package', 'tomcat99 in the package lists'],
    ['there is no Python package left-pad==9: check its name and version', 'package', 'left-pad==9'],
    ['the package cowsayy cannot be installed here: nothing offers it; check the name', 'package', 'cowsayy'],
    ['the name deb.example cannot be resolved: check it, and whether the build has a network', 'host', 'deb.example'],
    ['the network of builds is closed to 10.0.0.1: only public addresses can be reached, and no mail servers', 'closed', '10.0.0.1'],
    ['the command mak is not in the image: install it first', 'command', 'mak'],
    ['the program sh is not in the image', 'command', 'sh'],
    ['COPY or ADD: src/a b.c is not among the files of this build', 'copy', 'src/a b.c'],
    ['the base image debiann:1 is not known here: name it plainly in FROM', 'base', 'debiann:1'],
    ['the Dockerfile has an unknown instruction: RUNN', 'dockerfile', 'RUNN'],
    ['the disk of the build is full: it has 4096 MiB', 'space', ''],
    ['the build needs more than its 1024 MiB of memory', 'memory', ''],
    ['the step "make -j8" failed with exit code 137', 'memory', ''],
    ['the build took longer than the 10 minutes and 0 seconds it may take', 'time', ''],
    ['the smoke command gave exit code 3', 'check', '3'],
    ['the smoke command could not be run: gone', 'checkLost', ''],
    ['the step "sh -eux "x"" failed with exit code 2', 'step', 'sh -eux "x"'],
  ])('%s', (error, cause, word) => {
    const found = of(error);
    expect(found?.cause).toBe(cause);
    expect(word.startsWith(found?.word ?? '?')).toBe(true);
  });
  it('name the package alone', () => expect(of('there is no package tomcat99 in the package lists: run it')?.word).toBe('tomcat99'));
  it('are not made up', () => {
    expect(of(null)).toBeNull();
    expect(of('something else entirely')).toBeNull();
    expect(of('', 'smoke')?.cause).toBe('checkLost');
  });
  it('have words each', () => expect(Object.keys(en.build.causes).sort()).toEqual([...causes].sort()));
});

describe('complaints in a log', () => {
  it.each(['E: Unable to locate package x', 'ERROR: No matching distribution', 'fatal: not a repository', 'npm ERR! code 1', 'make[2]: *** [all] Error 2', '/tmp/x: 3: mak: not found', 'a.c:3:1: error: expected'])('%s', (line) => expect(isComplaint(line)).toBe(true));
  it.each(['Error: building at STEP "RUN x": exit status 100', 'Get:1 http://x error-docs', 'no error', 'Errors are handled', ''])('%s is none', (line) => expect(isComplaint(line)).toBe(false));
});
