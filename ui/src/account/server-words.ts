// What the server finds wrong with an account's fields, in the words of the language in use.
import type { ApiError } from '../api/client.ts';
import { problemFields, type FieldErrors } from '../forms/form.svelte.ts';
import { pm, type PeopleMessages } from '../i18n/people.ts';
import { PASSWORD_LEAST, PASSWORD_MOST } from './rules.ts';

type Say = (words: PeopleMessages) => string;

const PASSWORD: readonly [RegExp, Say][] = [
  [/at least/, (words) => words.register.shortPassword(PASSWORD_LEAST)],
  [/at most/, (words) => words.register.longPassword(PASSWORD_MOST)],
  [/different characters/, (words) => words.register.monotonousPassword],
  [/your (name|e-mail)/, (words) => words.register.ownPassword],
  [/everybody tries/, (words) => words.register.commonPassword],
];

const WORDS: Record<string, readonly [RegExp, Say][]> = {
  username: [[/reserved/, (words) => words.register.reserved], [/^must/, (words) => words.register.badUsername]],
  password: PASSWORD,
  email: [[/^must/, (words) => words.register.badEmail]],
  homepage: [[/^must/, (words) => words.settings.badHomepage]],
};

/** One remark about a field; what we have no words for is shown as it came. */
export function serverWords(words: PeopleMessages, field: string, message: string): string {
  const found = (Object.hasOwn(WORDS, field) ? WORDS[field] : undefined)?.find(([pattern]) => pattern.test(message));
  return found ? found[1](words) : words.form.server(message);
}

export function accountFields(cause: ApiError, names: readonly string[]): FieldErrors | null {
  const found = problemFields(cause, names, (text) => text);
  return found && Object.fromEntries(Object.entries(found).map(([field, message]) => [field, serverWords(pm(), field, message)]));
}
