// What user names, passwords and addresses have to look like. The server decides; this tells it before it is asked.
export const NAME_LEAST = 3;
export const NAME_MOST = 32;
export const PASSWORD_LEAST = 8;
export const PASSWORD_MOST = 256;

export interface NameRules {
  length: boolean;
  letters: boolean;
  ends: boolean;
}

export function nameRules(name: string): NameRules {
  return {
    length: name.length >= NAME_LEAST && name.length <= NAME_MOST,
    letters: /^[a-z0-9-]+$/.test(name),
    ends: /^[a-z0-9](.*[a-z0-9])?$/.test(name) && !name.includes('--'),
  };
}

export function nameFits(name: string): boolean {
  return Object.values(nameRules(name)).every(Boolean);
}

/** As the server has it: a plain local part, and a host of two labels or more. */
export function emailFits(text: string): boolean {
  return text.length <= 254 && /^(?!\.)[\w!#$%&'*+/=?^`{|}~.-]{1,64}(?<!\.)@[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)+$/i.test(text);
}

/** A web address, as people's home pages have. */
export function homepageFits(text: string): boolean {
  if (text.length > 300) return false;
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

export type StrengthHint = 'longer' | 'common' | 'name' | 'repeats' | 'fine';

export interface Strength {
  /** 0 too short … 4 strong. */
  level: 0 | 1 | 2 | 3 | 4;
  hint: StrengthHint;
}

const COMMON = [
  'password', 'passw0rd', 'qwerty', 'asdfgh', 'zxcvbn', 'letmein', 'welcome', 'iloveyou', 'monkey', 'dragon', 'football', 'baseball', 'sunshine', 'princess',
  'admin', 'login', 'master', 'secret', 'trustno1', 'abc123', '1q2w3e', 'qazwsx', 'changeme',
];

/** The text without what a guesser adds for nothing: runs and repeats count as one character. */
function squeezed(text: string): string {
  let out = '';
  for (const char of text) {
    const last = out.at(-1);
    const step = last === undefined ? 9 : char.charCodeAt(0) - last.charCodeAt(0);
    if (step === 0 || Math.abs(step) === 1) out = out.slice(0, -1) + char;
    else out += char;
  }
  return out;
}

/** An estimate for people who choose a password; no rule but the least length is made of it. */
export function strengthOf(password: string, username = ''): Strength {
  if ([...password].length < PASSWORD_LEAST) return { level: 0, hint: 'longer' };
  const low = password.toLowerCase();
  const core = low.replace(/[^a-z0-9]/g, '').replace(/\d{1,4}$/, '');
  if (COMMON.some((word) => core === word || low === word || (low.startsWith(word) && low.length - word.length < 5))) return { level: 1, hint: 'common' };
  if (username.length >= 3 && low.includes(username.toLowerCase())) return { level: 1, hint: 'name' };
  const left = squeezed(password);
  if (left.length <= password.length / 2) return { level: 1, hint: 'repeats' };
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
  const variety = new Set(left).size;
  const points = Math.min(left.length, variety * 2) + kinds * 1.5;
  const level = points < 12 ? 1 : points < 16 ? 2 : points < 21 ? 3 : 4;
  return { level, hint: level < 3 ? 'longer' : 'fine' };
}
