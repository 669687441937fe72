// Addresses and pages. Links are plain anchors: clicks on them are taken over here, so that the running page stays.
export type Route =
  | { page: 'main' }
  | { page: 'list'; query: URLSearchParams }
  | { page: 'project'; fullName: string; tryNow: boolean }
  | { page: 'containers' }
  | { page: 'likes' }
  | { page: 'projects' }
  | { page: 'statistics'; fullName: string }
  | { page: 'new' }
  | { page: 'edit'; fullName: string }
  | { page: 'build'; id: string }
  | { page: 'login'; query: URLSearchParams }
  | { page: 'register'; query: URLSearchParams }
  | { page: 'settings' }
  | { page: 'user'; username: string }
  | { page: 'admin'; section: string; query: URLSearchParams }
  | { page: 'docs' }
  | { page: 'about' }
  | { page: 'missing' };

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const ADMIN: readonly string[] = ['overview', 'users', 'projects', 'comments', 'reports', 'banners', 'sandboxes', 'builds', 'registry', 'audit'];

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

export function parseRoute(pathname: string, search: string): Route {
  const path = pathname.replace(/\/+$/, '') || '/';
  const query = new URLSearchParams(search);
  if (path === '/') return { page: 'main' };
  if (path === '/projects') return { page: 'list', query };
  if (path === '/me/containers') return { page: 'containers' };
  if (path === '/me/likes') return { page: 'likes' };
  if (path === '/new') return { page: 'new' };
  if (path === '/me/projects') return { page: 'projects' };
  if (path === '/login') return { page: 'login', query };
  if (path === '/register') return { page: 'register', query };
  if (path === '/settings') return { page: 'settings' };
  if (path === '/docs') return { page: 'docs' };
  if (path === '/about') return { page: 'about' };
  return routeOfParts(path.split('/').slice(1).map(decode), query);
}

/** Addresses that hold names. */
function routeOfParts(parts: string[], query: URLSearchParams): Route {
  const [first = '', second = '', third = '', fourth = '', last = ''] = parts;
  const named = (count: number, ...names: string[]): boolean => parts.length === count && names.every((name) => NAME.test(name));
  if (first === 'p' && named(3, second, third)) return { page: 'project', fullName: `${second}/${third}`, tryNow: query.has('try') };
  if (first === 'u' && named(2, second)) return { page: 'user', username: second };
  if (first === 'me' && second === 'projects' && last === 'statistics' && named(5, third, fourth)) return { page: 'statistics', fullName: `${third}/${fourth}` };
  if (first === 'me' && second === 'projects' && last === 'edit' && named(5, third, fourth)) return { page: 'edit', fullName: `${third}/${fourth}` };
  if (first === 'builds' && named(2, second)) return { page: 'build', id: second };
  if (first === 'admin' && (named(1) || (named(2) && ADMIN.includes(second)))) return { page: 'admin', section: second || 'overview', query };
  return { page: 'missing' };
}

export const projectHref = (fullName: string): string => `/p/${fullName}`;
export const userHref = (username: string): string => `/u/${username}`;
export const statisticsHref = (fullName: string): string => `/me/projects/${fullName}/statistics`;
export const editHref = (fullName: string): string => `/me/projects/${fullName}/edit`;
export const buildHref = (id: string): string => `/builds/${id}`;
export const tryHref = (fullName: string): string => `/p/${fullName}?try`;

class Router {
  route = $state.raw<Route>({ page: 'missing' });
  /** Counts moves, so that the same address pressed twice is seen twice. */
  moves = $state(0);
  #positions = new Map<string, number>();

  start(): void {
    history.scrollRestoration = 'manual';
    this.#read();
    addEventListener('popstate', () => {
      this.#read();
      const kept = this.#positions.get(this.#key()) ?? 0;
      requestAnimationFrame(() => scrollTo(0, kept));
    });
    addEventListener('scroll', () => this.#positions.set(this.#key(), scrollY), { passive: true });
    document.addEventListener('click', (event) => this.#click(event));
  }

  go(href: string, { replace = false } = {}): void {
    const before = location.pathname;
    history[replace ? 'replaceState' : 'pushState']({ id: Math.random() }, '', href);
    this.#read();
    if (!replace && before !== location.pathname) {
      scrollTo(0, 0);
      // A new page for someone who listens: start at its heading.
      requestAnimationFrame(() => document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true }));
    }
  }

  /** Changes the address only; the page stays as it is. */
  settle(href: string): void {
    history.replaceState(history.state, '', href);
  }

  #key(): string {
    return `${location.pathname}${location.search}`;
  }

  #read(): void {
    this.route = parseRoute(location.pathname, location.search);
    this.moves++;
  }

  #click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname === location.pathname && link.hash) return;
    if (parseRoute(link.pathname, link.search).page === 'missing') return;
    event.preventDefault();
    this.go(link.pathname + link.search + link.hash);
  }
}

export const router = new Router();
