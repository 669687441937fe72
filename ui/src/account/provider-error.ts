// Why signing in with a provider came back without success, as the address tells.
import type { PeopleMessages } from '../i18n/people.ts';

type Codes = Exclude<keyof PeopleMessages['providerErrors'], 'title' | 'unnamed' | 'other'>;

const KNOWN: readonly Codes[] = ['denied', 'expired', 'provider_error', 'provider_down', 'bad_token', 'email_taken', 'already_linked', 'suspended', 'no_account', 'too_many'];

/** Words for ?error=CODE; `provider` is its name, or "" when it is not known. null: nothing went wrong. */
export function providerErrorText(words: PeopleMessages['providerErrors'], code: string | null, provider: string): { title: string; text: string } | null {
  if (!code) return null;
  const name = provider || words.unnamed;
  const known = KNOWN.find((item) => item === code);
  const text = known ? words[known] : words.other;
  return { title: words.title(name), text: typeof text === 'string' ? text : text(name) };
}
