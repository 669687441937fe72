// Words of the pages below /me; fetched with the first of them.
import { Pack } from '../i18n/index.svelte.ts';
import type { MineText } from '../i18n/mine-en.ts';

export const mine = new Pack<MineText>({ en: () => import('../i18n/mine-en.ts'), ko: () => import('../i18n/mine-ko.ts') });

/** The words of now; only for parts that come after `mine.load()`. */
export function w(): MineText {
  return mine.words;
}
