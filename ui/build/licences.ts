// Collects the licences of what is shipped in the build into /licences.txt: the fonts and the code ask for it.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const SHIPPED = [
  '@codemirror/commands', '@codemirror/language', '@codemirror/legacy-modes', '@codemirror/state', '@codemirror/view',
  '@fontsource/jetbrains-mono', '@fontsource/nanum-gothic-coding', '@lezer/common', '@lezer/highlight', '@lezer/lr',
  '@lucide/svelte', '@marijn/find-cluster-break', '@xterm/addon-clipboard', '@xterm/addon-fit', '@xterm/addon-unicode-graphemes',
  '@xterm/addon-web-links', '@xterm/addon-webgl', '@xterm/xterm', 'crelt', 'entities', 'jetbrains-mono', 'js-base64',
  'linkify-it', 'markdown-it', 'mdurl', 'pretendard', 'punycode.js', 'spdx-license-ids', 'style-mod', 'svelte', 'uc.micro',
  'uplot', 'w3c-keyname',
];
const NAMES = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'OFL.txt', 'dist/LICENSE.txt'];

/** The licence text of one package, or its declared name when the package carries no file. */
export function licenceOf(modules: string, name: string): string {
  const folder = join(modules, name);
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string; license?: string };
  const file = NAMES.map((item) => join(folder, item)).find(existsSync);
  const text = file ? readFileSync(file, 'utf8').trim() : `Licence: ${about.license ?? 'see the package'}`;
  return `${name} ${about.version}\n\n${text}\n`;
}

export function licences(): Plugin {
  let modules = '';
  return {
    name: 'ttob-licences',
    apply: 'build',
    configResolved(config) {
      modules = join(config.root, 'node_modules');
    },
    generateBundle() {
      const source = SHIPPED.map((name) => licenceOf(modules, name)).join(`\n${'-'.repeat(72)}\n\n`);
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source });
    },
  };
}
