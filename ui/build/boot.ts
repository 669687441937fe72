// The only script that runs before the first paint: theme and language of the page, and an early
// start for the language's messages. It is a file of its own, because the CSP allows no inline script.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const SOURCE = resolve(fileURLToPath(new URL('.', import.meta.url)), '../src/app/boot.js');

/** Puts the addresses of the message chunks into the boot script. */
export function fillBoot(source: string, messages: Record<string, string>): string {
  return source.replace('"__MESSAGES__"', JSON.stringify(messages));
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
        const code = fillBoot(source, messages);
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
