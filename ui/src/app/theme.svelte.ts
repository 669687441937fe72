// Light, dark, or as the system says. The boot script has set the page's first theme already.
export type Theme = 'system' | 'light' | 'dark';
const KEY = 'ttob-theme';

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Private windows may refuse storage; the choice then lasts as long as the page.
  }
}

export function recall(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

class ThemeState {
  choice = $state<Theme>('system');
  dark = $state(false);

  start(): void {
    const kept = recall(KEY);
    this.choice = kept === 'light' || kept === 'dark' ? kept : 'system';
    const system = matchMedia('(prefers-color-scheme: dark)');
    system.addEventListener('change', () => this.#apply(system.matches));
    this.#apply(system.matches);
  }

  /** To the other theme than the one that shows; back to the system's when that is the same. */
  toggle(): void {
    const system = matchMedia('(prefers-color-scheme: dark)').matches;
    const wanted = this.dark ? 'light' : 'dark';
    this.choose((wanted === 'dark') === system ? 'system' : wanted);
  }

  choose(choice: Theme): void {
    this.choice = choice;
    remember(KEY, choice === 'system' ? null : choice);
    this.#apply(matchMedia('(prefers-color-scheme: dark)').matches);
  }

  #apply(system: boolean): void {
    this.dark = this.choice === 'system' ? system : this.choice === 'dark';
    document.documentElement.dataset.theme = this.dark ? 'dark' : 'light';
  }
}

export const theme = new ThemeState();
