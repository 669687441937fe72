// What an administrator types about a banner, and what the server wants to have of it.
import type { Banner, BannerWords } from '../api/admin.ts';
import type { AdminMessages } from '../i18n/admin.ts';

export interface Draft {
  text: string;
  text_ko: string;
  link: string;
  /** As <input type="datetime-local"> has it: this machine's time, or "". */
  starts: string;
  ends: string;
  weight: string;
  enabled: boolean;
}

export const TEXT_MOST = 140;
export const IMAGE_MOST = 5 * 1024 * 1024;
export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/webp'];

const two = (n: number): string => String(n).padStart(2, '0');

/** RFC 3339 to this machine's time, to the minute. */
export function toLocal(iso: string | null): string {
  const date = new Date(iso ?? '');
  if (Number.isNaN(date.getTime())) return '';
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

export function fromLocal(text: string): string | null {
  const date = new Date(text);
  return text === '' || Number.isNaN(date.getTime()) ? null : date.toISOString().replace('.000Z', 'Z');
}

export function draftOf(banner: Banner | null): Draft {
  return {
    text: banner?.text ?? '', text_ko: banner?.text_ko ?? '', link: banner?.link ?? '', starts: toLocal(banner?.starts_at ?? null), ends: toLocal(banner?.ends_at ?? null),
    weight: String(banner?.weight ?? 10), enabled: banner?.enabled ?? true,
  };
}

export function wordsOf(draft: Draft): BannerWords {
  return {
    text: draft.text.trim(), text_ko: draft.text_ko.trim() || null, link: draft.link.trim(), starts_at: fromLocal(draft.starts), ends_at: fromLocal(draft.ends),
    weight: Number(draft.weight), enabled: draft.enabled,
  };
}

function isLink(text: string): boolean {
  try {
    return ['https:', 'http:'].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}

export function checkDraft(draft: Draft, words: AdminMessages['banners']): Record<string, string> {
  const found: Record<string, string> = {};
  const weight = Number(draft.weight);
  if (!draft.text.trim()) found.text = words.needText;
  else if ([...draft.text.trim()].length > TEXT_MOST) found.text = words.tooLong(TEXT_MOST);
  if ([...draft.text_ko.trim()].length > TEXT_MOST) found.text_ko = words.tooLong(TEXT_MOST);
  if (!isLink(draft.link.trim())) found.link = words.needLink;
  if (draft.starts && draft.ends && draft.ends <= draft.starts) found.ends_at = words.badTimes;
  if (draft.weight.trim() === '' || !Number.isInteger(weight) || weight < 1 || weight > 100) found.weight = words.badWeight;
  return found;
}

export type BannerState = 'on' | 'off' | 'later' | 'over';

export function stateOf(banner: Banner, now: number): BannerState {
  if (!banner.enabled) return 'off';
  if (banner.ends_at && Date.parse(banner.ends_at) <= now) return 'over';
  if (banner.starts_at && Date.parse(banner.starts_at) > now) return 'later';
  return 'on';
}
