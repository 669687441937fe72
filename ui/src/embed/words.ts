import { Pack } from '../i18n/index.svelte.ts';
import type { Words } from '../i18n/types.ts';
import type { messages } from './words-en.ts';

export const embedWords = new Pack<Words<typeof messages>>({ en: () => import('./words-en.ts'), ko: () => import('./words-ko.ts') });
