// Where to go after signing in. Only places of this site count: an address is somebody else's word.
const FIRST_PAGES = ['/login', '/register'];

/** A path of this site as it was asked for, or "/" when it is none. */
export function ownPath(asked: string | null | undefined, origin: string = location.origin): string {
  if (!asked?.startsWith('/') || asked.length > 2000) return '/';
  try {
    const url = new URL(asked, origin);
    const path = url.pathname + url.search + url.hash;
    return url.origin !== origin || path.startsWith('//') || FIRST_PAGES.includes(url.pathname.replace(/\/+$/, '')) ? '/' : path;
  } catch {
    return '/';
  }
}

/** The sign-in page that comes back to `path`. */
export function loginHref(path: string): string {
  return path === '/' || FIRST_PAGES.some((page) => path.startsWith(page)) ? '/login' : `/login?return_to=${encodeURIComponent(path)}`;
}
