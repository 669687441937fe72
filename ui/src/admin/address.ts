// The address of an administrators' list: what is searched, filtered, and which page.
import { queryString } from '../api/client.ts';
import type { Asked } from '../api/admin.ts';

export type Section = 'overview' | 'users' | 'projects' | 'comments' | 'reports' | 'banners' | 'sandboxes' | 'builds' | 'registry' | 'audit';
export const sections: readonly Section[] = ['overview', 'users', 'projects', 'comments', 'reports', 'banners', 'sandboxes', 'builds', 'registry', 'audit'];

const WORDS = ['q', 'state', 'visibility', 'hidden', 'actor', 'action'] as const;

/** What the address asks for; anything else in it is left out. */
export function readAsked(query: URLSearchParams): Asked {
  const found: Asked = { page: Math.max(Math.trunc(Number(query.get('page'))) || 1, 1) };
  for (const word of WORDS) {
    const value = query.get(word);
    if (value) found[word] = value;
  }
  return found;
}

export function adminHref(section: Section, asked: Partial<Asked> = {}): string {
  const { page = 1, ...rest } = asked;
  return `/admin/${section}${queryString({ ...rest, page: page > 1 ? page : '' })}`;
}
