// Messages of the administrators' pages.
import { Pack } from './index.svelte.ts';
import type { messages } from './admin-en.ts';
import type { Words } from './types.ts';

export type AdminMessages = Words<typeof messages>;

export const admin = new Pack<AdminMessages>({ en: () => import('./admin-en.ts'), ko: () => import('./admin-ko.ts') });

export const am = (): AdminMessages => admin.words;
