// Words of publishing; fetched with the first of its pages.
import { Pack } from '../i18n/index.svelte.ts';
import type { PublishText } from '../i18n/publish-en.ts';

export const publish = new Pack<PublishText>({ en: () => import('../i18n/publish-en.ts'), ko: () => import('../i18n/publish-ko.ts') });

/** The words of now; only for parts that come after `publish.load()`. */
export function p(): PublishText {
  return publish.words;
}
