// The only script that runs before the first paint: theme and language of the page, and an early
// start for the language's messages and a project's page. It is a file of its own, because the CSP allows no inline script.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const SOURCE = resolve(fileURLToPath(new URL('.', import.meta.url)), '../src/app/boot.js');

/** Puts the addresses of the message chunks and of a project page's files into the boot script. */
export function fillBoot(source: string, messages: Record<string, string>, project: string[]): string {
  return source.replace('"__MESSAGES__"', JSON.stringify(messages)).replace('["__PROJECT__"]', JSON.stringify(project));
}

interface Chunk {
  type: 'chunk';
  fileName: string;
  facadeModuleId: string | null;
  isEntry: boolean;
  imports: string[];
  viteMetadata?: { importedCss: Set<string> };
}
type Bundle = Record<string, Chunk | { type: 'asset' }>;

/** A chunk and what it needs, styles included, without what `seen` holds. */
function filesOf(bundle: Bundle, fileName: string, seen: Set<string>): string[] {
  const chunk = bundle[fileName];
  if (seen.has(fileName) || chunk?.type !== 'chunk') return [];
  seen.add(fileName);
  const styles = [...(chunk.viteMetadata?.importedCss ?? [])].filter((file) => !seen.has(file));
  styles.forEach((file) => seen.add(file));
  return [fileName, ...styles, ...chunk.imports.flatMap((item) => filesOf(bundle, item, seen))];
}

/** What the first page's script would find out only after it runs that a project's page needs. */
export function projectFiles(bundle: Bundle): string[] {
  const chunks = Object.values(bundle).filter((item): item is Chunk => item.type === 'chunk');
  const entry = chunks.find((item) => item.isEntry && item.facadeModuleId?.endsWith('/index.html'));
  const page = chunks.find((item) => item.facadeModuleId?.endsWith('/pages/ProjectPage.svelte'));
  const seen = new Set<string>();
  if (entry) filesOf(bundle, entry.fileName, seen);
  return page ? filesOf(bundle, page.fileName, seen).map((file) => `/${file}`) : [];
}

export function boot(): Plugin {
  let fileName = '';
  return {
    name: 'ttob-boot',
    transformIndexHtml: {
      order: 'post',
      handler(html, context) {
        const source = readFileSync(SOURCE, 'utf8');
        if (!context.bundle) {
          return { html, tags: [{ tag: 'script', attrs: { src: '/src/app/boot.js' }, injectTo: 'head-prepend' }] };
        }
        const messages: Record<string, string> = {};
        for (const chunk of Object.values(context.bundle)) {
          const language = /\/i18n\/(en|ko)\.ts$/.exec((chunk.type === 'chunk' && chunk.facadeModuleId) || '')?.[1];
          if (language) messages[language] = `/${chunk.fileName}`;
        }
        const code = fillBoot(source, messages, projectFiles(context.bundle as unknown as Bundle));
        const hash = createHash('sha256').update(code).digest('base64url').slice(0, 8);
        fileName = `assets/boot-${hash}.js`;
        context.bundle[fileName] = {
          type: 'asset', fileName, source: code, name: 'boot.js', names: ['boot.js'],
          originalFileName: null, originalFileNames: [], needsCodeReference: false,
        };
        return { html, tags: [{ tag: 'script', attrs: { src: `/${fileName}` }, injectTo: 'head-prepend' }] };
      },
    },
  };
}
