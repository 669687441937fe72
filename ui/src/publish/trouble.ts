// Why a build did not work, as a person would tell it: what the server says is told apart here, so that it can be said in every language.
import type { OwnBuild } from '../api/publish.ts';

export const causes = [
  'package', 'host', 'closed', 'command', 'copy', 'base', 'dockerfile', 'space', 'memory', 'time', 'refused', 'image', 'check', 'checkLost', 'step',
] as const;
export type Cause = (typeof causes)[number];

export interface Trouble {
  cause: Cause;
  /** The package, host, command or step that it is about; empty when there is none. */
  word: string;
}

/** The more telling ones first. */
const patterns: readonly (readonly [RegExp, Cause])[] = [
  [/there is no (?:Python |npm )?package (\S+?)(?: in the package lists)?(?::|$)/, 'package'],
  [/the package (\S+) cannot be installed here/, 'package'],
  [/the name (\S+) cannot be resolved/, 'host'],
  [/network of builds is closed to ([^:\s]+)/, 'closed'],
  [/the command (\S+) is not in the image/, 'command'],
  [/the program (\S+) is not in the image/, 'command'],
  [/COPY or ADD: (.+?) is not among/, 'copy'],
  [/the base image (\S+) is not known/, 'base'],
  [/the Dockerfile has (?:a mistake on line|an unknown instruction:) (.+)/, 'dockerfile'],
  [/the disk of the build is full|MiB of its disk|is larger than/, 'space'],
  [/MiB of memory|needs more memory|exit code 137/, 'memory'],
  [/took longer than|took too long|timed out/, 'time'],
  [/unauthori[sz]ed|denied|wants a name and a password|credentials/i, 'refused'],
  [/manifest unknown|not found in the registry|there is no image/i, 'image'],
  [/the smoke command gave exit code (\d+)/, 'check'],
  [/the smoke command could not be run/, 'checkLost'],
  [/^the step "(.+)" failed/, 'step'],
];

export function troubleOf({ error, stage }: Pick<OwnBuild, 'error' | 'stage'>): Trouble | null {
  for (const [pattern, cause] of patterns) {
    const match = pattern.exec(error ?? '');
    if (match) return { cause, word: match[1]?.trim() ?? '' };
  }
  return stage === 'smoke' ? { cause: 'checkLost', word: '' } : null;
}

/** Log lines that say that something went wrong; not those of the builder itself, which only says that it was so. */
export const isComplaint = (line: string): boolean => !/^Error: (?:building at STEP|while running)/.test(line) && /^\s*(?:E:|ERROR\b|Error\b|error:|fatal:|npm ERR!|npm error\b|make(?:\[\d+\])?: \*\*\*|.*: not found$|.*: error:)/.test(line);
