import { pm } from '../i18n/people.ts';
import { PASSWORD_LEAST, PASSWORD_MOST } from './rules.ts';

/** What keeps a password from being taken, in words; null when nothing does. */
export function passwordProblem(password: string): string | null {
  const words = pm().register;
  if (!password) return words.needPassword;
  if ([...password].length < PASSWORD_LEAST) return words.shortPassword(PASSWORD_LEAST);
  if ([...password].length > PASSWORD_MOST) return words.longPassword(PASSWORD_MOST);
  return null;
}
