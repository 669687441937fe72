// Messages of signing in, settings and people's own pages.
import { Pack } from './index.svelte.ts';
import type { messages } from './people-en.ts';
import type { Words } from './types.ts';

export type PeopleMessages = Words<typeof messages>;

export const people = new Pack<PeopleMessages>({ en: () => import('./people-en.ts'), ko: () => import('./people-ko.ts') });

export const pm = (): PeopleMessages => people.words;
