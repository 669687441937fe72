import { describe, expect, it } from 'vitest';
import { messages as en } from '../i18n/people-en.ts';
import { messages as ko } from '../i18n/people-ko.ts';
import { providerErrorText } from './provider-error.ts';

const codes = ['denied', 'expired', 'provider_error', 'provider_down', 'bad_token', 'email_taken', 'already_linked', 'suspended', 'no_account', 'too_many'];

describe('a sign-in that came back without success', () => {
  it.each(codes)('%s is explained in both languages', (code) => {
    const texts = [en, ko].map((words) => providerErrorText(words.providerErrors, code, 'GitHub'));
    for (const text of texts) expect(text?.text.length).toBeGreaterThan(10);
    expect(texts[0]?.text).not.toBe(en.providerErrors.other);
    expect(texts[0]?.text).not.toBe(texts[1]?.text);
  });
  it('is explained in general when the code is not known, and not at all without one', () => {
    for (const code of ['<b>x</b>', 'title', 'constructor', '__proto__']) expect(providerErrorText(en.providerErrors, code, '')?.text).toBe(en.providerErrors.other);
    expect(providerErrorText(en.providerErrors, null, 'GitHub')).toBeNull();
    expect(providerErrorText(en.providerErrors, 'denied', '')?.title).toContain(en.providerErrors.unnamed);
  });
});
