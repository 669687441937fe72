import { describe, expect, it } from 'vitest';
import { messages as en } from '../i18n/people-en.ts';
import { messages as ko } from '../i18n/people-ko.ts';
import { serverWords } from './server-words.ts';

describe('remarks of the server', () => {
  it.each([
    ['username', 'is reserved; choose another', ko.register.reserved],
    ['username', 'must be in lower case', ko.register.badUsername],
    ['password', 'must have at least 8 characters', ko.register.shortPassword(8)],
    ['password', 'is one of those that everybody tries first; take several words instead', ko.register.commonPassword],
    ['password', 'must not be made of your name', ko.register.ownPassword],
    ['password', 'must have more different characters', ko.register.monotonousPassword],
    ['email', 'must be an e-mail address', ko.register.badEmail],
  ])('about %s: %s', (field, message, words) => expect(serverWords(ko, field, message)).toBe(words));
  it('are shown as they are when there are no words for them', () => {
    expect(serverWords(en, 'bio', 'is odd')).toBe(en.form.server('is odd'));
    expect(serverWords(en, 'constructor', 'must not')).toBe(en.form.server('must not'));
  });
});
