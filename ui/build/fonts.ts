// Shapes the @font-face rules of the font packages to what this site needs.
import type { Plugin } from 'vite';

const FACE = /(?:\/\*[^*]*\*\/\s*)?@font-face\s*\{[^}]*\}/g;

/** Code points (as [first, last]) of a rule's unicode-range. */
export function ranges(face: string): [number, number][] {
  const list = /unicode-range:\s*([^;}]*)/.exec(face)?.[1] ?? '';
  return list
    .split(',')
    .map((item) => item.trim().replace(/^u\+/i, ''))
    .filter(Boolean)
    .map((item) => {
      const [first = '0', last = first] = item.split('-');
      return [parseInt(first, 16), parseInt(last, 16)];
    });
}

/** Whether a rule holds letters of English text: those are wanted before the first paint. */
export function holdsLatin(face: string): boolean {
  return ranges(face).some(([first, last]) => first <= 0x7e && last >= 0x21);
}

/** Removes the .woff twin of every .woff2: each browser that runs this site reads woff2. */
export function onlyWoff2(css: string): string {
  return css.replace(/,\s*url\([^)]*\.woff\)\s*format\(['"]woff['"]\)/g, '');
}

function facesOf(css: string, keep: (face: string) => boolean): string {
  return (css.match(FACE) ?? []).filter(keep).join('\n');
}

/**
 * `pretendard…css?part=latin` and `?part=rest` split the text face in the few files of every page and
 * the many that only Korean pages ask for. Nanum Gothic Coding is widened to 120 % so that its letters (1 em)
 * stand on exactly two cells of JetBrains Mono (0.6 em each).
 */
export function fonts(): Plugin {
  return {
    name: 'ttob-fonts',
    enforce: 'pre',
    transform(code, id) {
      const [file = '', query = ''] = id.split('?');
      if (!file.endsWith('.css')) return null;
      if (file.includes('/pretendard/')) {
        const latin = query.includes('part=latin');
        return { code: facesOf(code, (face) => holdsLatin(face) === latin), map: null };
      }
      if (file.includes('/@fontsource/nanum-gothic-coding/')) {
        const wide = onlyWoff2(code).replace(/@font-face\s*\{/g, '@font-face {\n  size-adjust: 120%;');
        return { code: facesOf(wide, () => true), map: null };
      }
      if (file.includes('/@fontsource/')) return { code: onlyWoff2(code), map: null };
      return null;
    },
  };
}
