// The key bar of phones: names of keys to what a terminal sends, with Ctrl and Alt that hold for the next key.
export type BarKey = 'Esc' | 'Tab' | 'Ctrl' | 'Alt' | 'Left' | 'Up' | 'Down' | 'Right' | '/' | '|' | '-' | '~';
export const barKeys: readonly BarKey[] = ['Esc', 'Tab', 'Ctrl', 'Alt', 'Left', 'Up', 'Down', 'Right', '/', '|', '-', '~'];

export interface Held {
  ctrl: boolean;
  alt: boolean;
}

const ARROWS: Partial<Record<BarKey, string>> = { Up: 'A', Down: 'B', Right: 'C', Left: 'D' };

/** The bytes (as text) of one key of the bar. `application` is the cursor key mode that programs like vim ask for. */
export function keySequence(key: BarKey, held: Held, application: boolean): string {
  const arrow = ARROWS[key];
  if (arrow) {
    const modifier = 1 + (held.alt ? 2 : 0) + (held.ctrl ? 4 : 0);
    if (modifier > 1) return `\x1b[1;${modifier}${arrow}`;
    return `\x1b${application ? 'O' : '['}${arrow}`;
  }
  if (key === 'Esc') return held.alt ? '\x1b\x1b' : '\x1b';
  if (key === 'Tab') return held.alt ? '\x1b\t' : '\t';
  if (key === 'Ctrl' || key === 'Alt') return '';
  return withHeld(key, held);
}

/** What one typed character becomes while Ctrl or Alt is held; text of more characters stays as it is. */
export function withHeld(text: string, held: Held): string {
  if ((!held.ctrl && !held.alt) || [...text].length !== 1) return text;
  const typed = held.ctrl ? control(text) : text;
  return held.alt ? `\x1b${typed}` : typed;
}

function control(char: string): string {
  const upper = char.toUpperCase();
  const code = upper.charCodeAt(0);
  if (code >= 0x40 && code <= 0x5f) return String.fromCharCode(code & 0x1f);
  if (char === ' ') return '\0';
  if (char === '?') return '\x7f';
  if (char === '/' || char === '-') return '\x1f';
  if (char === '~') return '\x1e';
  if (char === '|') return '\x1c';
  return char;
}
