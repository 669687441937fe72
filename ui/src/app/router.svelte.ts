// Addresses and pages. Links are plain anchors: clicks on them are taken over here, so that the running page stays.
export type Route =
  | { page: 'main' }
  | { page: 'list'; query: URLSearchParams }
  | { page: 'project'; fullName: string; tryNow: boolean }
  | { page: 'containers' }
  | { page: 'docs' }
  | { page: 'about' }
  | { page: 'missing' };

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

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
  if (path === '/docs') return { page: 'docs' };
  if (path === '/about') return { page: 'about' };
  const [empty, p, owner = '', name = '', ...rest] = path.split('/').map(decode);
  if (empty === '' && p === 'p' && rest.length === 0 && NAME.test(owner) && NAME.test(name)) {
    return { page: 'project', fullName: `${owner}/${name}`, tryNow: query.has('try') };
  }
  return { page: 'missing' };
}

export const projectHref = (fullName: string): string => `/p/${fullName}`;
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
