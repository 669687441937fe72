// Words of what people say about projects, and of what they keep here; fetched with the parts that need them.
import { Pack } from '../i18n/index.svelte.ts';
import type { FeedbackText } from '../i18n/feedback-en.ts';

export const feedback = new Pack<FeedbackText>({ en: () => import('../i18n/feedback-en.ts'), ko: () => import('../i18n/feedback-ko.ts') });

/** The words of now; only for parts that come after `feedback.load()`. */
export function f(): FeedbackText {
  return feedback.words;
}
