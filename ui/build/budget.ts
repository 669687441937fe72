// Fails the build when a page's first script or the terminal's grows beyond its budget.
import { brotliCompressSync, constants } from 'node:zlib';
import type { Plugin } from 'vite';

const KB = 1000;
/** Compressed bytes: of everything a page without a terminal starts with, and of the terminal's chunk. */
const BUDGET = { start: 120 * KB, terminal: 150 * KB };

interface Chunk {
  type: 'chunk';
  fileName: string;
  code: string;
  isEntry: boolean;
  imports: string[];
  facadeModuleId: string | null;
}
type Bundle = Record<string, Chunk | { type: 'asset' }>;

function compressed(code: string): number {
  return brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }).length;
}

/** Compressed size of a chunk and of all that it imports statically. */
export function weigh(bundle: Bundle, fileName: string, seen = new Set<string>()): number {
  const chunk = bundle[fileName];
  if (seen.has(fileName) || chunk?.type !== 'chunk') return 0;
  seen.add(fileName);
  return compressed(chunk.code) + chunk.imports.reduce((sum, item) => sum + weigh(bundle, item, seen), 0);
}

export function overBudget(bundle: Bundle): string[] {
  const chunks = Object.values(bundle).filter((item): item is Chunk => item.type === 'chunk');
  const entries = chunks.filter((item) => item.isEntry);
  const seen = new Set<string>();
  const start = Math.max(0, ...entries.map((entry) => weigh(bundle, entry.fileName)));
  entries.forEach((entry) => weigh(bundle, entry.fileName, seen));
  const screen = chunks.find((item) => item.facadeModuleId?.endsWith('/terminal/screen.ts'));
  const terminal = screen ? weigh(bundle, screen.fileName, seen) : 0;
  return [
    ...(start > BUDGET.start ? [`the first script is ${start} bytes compressed; its budget is ${BUDGET.start}`] : []),
    ...(terminal > BUDGET.terminal ? [`the terminal is ${terminal} bytes compressed; its budget is ${BUDGET.terminal}`] : []),
  ];
}

export function budget(): Plugin {
  return {
    name: 'ttob-budget',
    apply: 'build',
    generateBundle(_, bundle) {
      for (const problem of overBudget(bundle as Bundle)) this.error(problem);
    },
  };
}
