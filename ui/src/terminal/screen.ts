// One xterm.js screen tied to one terminal link. Loaded only where a terminal is shown.
import '@xterm/xterm/css/xterm.css';
import '@fontsource/jetbrains-mono/700.css';
import '@fontsource/nanum-gothic-coding/400.css';
import './fonts.css';
import { ClipboardAddon, type IClipboardProvider } from '@xterm/addon-clipboard';
import { FitAddon } from '@xterm/addon-fit';
import { UnicodeGraphemesAddon } from '@xterm/addon-unicode-graphemes';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import { recall } from '../app/theme.svelte.ts';
import { copyText } from './clipboard.ts';
import { attachIme } from './ime.ts';
import { keySequence, withHeld, type BarKey, type Held } from './keys.ts';
import { palette } from './palette.ts';
import { TerminalLink, type LinkEvents } from './protocol.ts';
import { ReplayGuard } from './replay.ts';
import { quietDocument, quietSpans, withQuietStyles } from './sheets.ts';

// Two spellings of one list: changing between them makes xterm measure its fonts again.
const FAMILY = [
  "'JetBrains Mono', 'Terminal symbols', 'Nanum Gothic Coding', monospace",
  "'JetBrains Mono','Terminal symbols','Nanum Gothic Coding',monospace",
] as const;
const FONT_WAIT_MS = 800;
const FIT_MS = 80;

export interface ScreenOptions {
  host: HTMLElement;
  url: string;
  /** False when old output comes first (a reload). */
  fresh: boolean;
  label: string;
  events: Omit<LinkEvents, 'data'>;
  /** Ctrl or Alt of the key bar, now held or let go. */
  held(held: Held): void;
  /** The person asks to leave the terminal with the keyboard. */
  leave(): void;
}

/** Programs may put text on the clipboard, and never read it. */
const clipboardProvider: IClipboardProvider = {
  readText: () => '',
  writeText: async (_, text) => {
    await copyText(text);
  },
};

function openLink(event: MouseEvent, address: string): void {
  event.preventDefault();
  if (/^https?:\/\//i.test(address)) window.open(address, '_blank', 'noopener,noreferrer');
}

async function fontsReady(): Promise<void> {
  const wanted = Promise.all(['400 14px "JetBrains Mono"', '700 14px "JetBrains Mono"'].map((font) => document.fonts.load(font)));
  await Promise.race([wanted.catch(() => []), new Promise((done) => setTimeout(done, FONT_WAIT_MS))]);
}

function webglWorks(): boolean {
  const choice = recall('ttob-renderer');
  if (choice === 'dom') return false;
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('webgl2', { failIfMajorPerformanceCaveat: choice !== 'webgl' });
  if (!context) return false;
  const about = context.getExtension('WEBGL_debug_renderer_info');
  const name = String(about ? context.getParameter(about.UNMASKED_RENDERER_WEBGL) : '');
  context.getExtension('WEBGL_lose_context')?.loseContext();
  // WebGL drawn by the processor is slower than no WebGL.
  return choice === 'webgl' || !/swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

export class Screen {
  readonly term: Terminal;
  readonly link: TerminalLink;
  #options: ScreenOptions;
  #fit = new FitAddon();
  #guard: ReplayGuard;
  #held: Held = { ctrl: false, alt: false };
  #observer: ResizeObserver;
  #fitTimer: ReturnType<typeof setTimeout> | undefined;
  #consumed = 0;
  #encoder = new TextEncoder();
  #family = 0;
  #output: (() => void)[] = [];
  #disposed = false;
  #unTouch: () => void;
  #ime: ReturnType<typeof attachIme>;

  constructor(options: ScreenOptions) {
    this.#options = options;
    quietSpans();
    this.term = new Terminal({
      allowProposedApi: true,
      cursorBlink: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      documentOverride: quietDocument(),
      fontFamily: FAMILY[0],
      fontSize: innerWidth < 480 ? 13 : 14,
      lineHeight: 1.2,
      linkHandler: { activate: openLink, allowNonHttpProtocols: false },
      macOptionIsMeta: true,
      rightClickSelectsWord: false,
      scrollback: 5000,
      theme: palette,
    });
    this.#addons();
    // After the addons: the newest handler of a sequence is asked first.
    this.#guard = new ReplayGuard(this.term);
    withQuietStyles(() => this.term.open(options.host));
    const textarea = this.term.textarea as HTMLTextAreaElement;
    textarea.setAttribute('aria-label', options.label);
    textarea.setAttribute('enterkeyhint', 'send');
    this.#ime = attachIme({
      host: options.host, textarea,
      send: (text) => this.term.input(text),
      urgent: () => this.#held.ctrl || this.#held.alt,
    });
    this.link = new TerminalLink({ url: options.url, events: this.#events() });
    this.#keyboard();
    this.#unTouch = this.#touch();
    this.#observer = new ResizeObserver(() => this.#fitSoon());
    this.#observer.observe(options.host);
    document.fonts.addEventListener('loadingdone', this.#fontsCame);
    this.fit();
    this.link.connect();
    void this.#accelerate();
  }

  /** Fits the screen to its host and tells the shell. */
  fit(): void {
    const { host } = this.#options;
    if (this.#disposed || host.clientWidth < 40 || host.clientHeight < 20) return;
    this.#fit.fit();
    this.link.resize(this.term.cols, this.term.rows);
  }

  focus(): void {
    this.term.focus();
  }

  /** Types text, as if by hand; line ends become Enter. */
  type(text: string): void {
    this.term.scrollToBottom();
    this.link.send(this.#encoder.encode(text.replace(/\r?\n/g, '\r')));
  }

  /** Calls back once the shell has printed something. */
  whenAwake(callback: () => void): void {
    if (this.#consumed > 0) callback();
    else this.#output.push(callback);
  }

  press(key: BarKey): void {
    this.#ime.flush();
    if (key === 'Ctrl') this.#hold({ ...this.#held, ctrl: !this.#held.ctrl });
    else if (key === 'Alt') this.#hold({ ...this.#held, alt: !this.#held.alt });
    else {
      this.link.send(this.#encoder.encode(keySequence(key, this.#held, this.term.modes.applicationCursorKeysMode)));
      this.#hold({ ctrl: false, alt: false });
    }
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#fitTimer);
    document.fonts.removeEventListener('loadingdone', this.#fontsCame);
    this.#observer.disconnect();
    this.#unTouch();
    this.#ime.detach();
    this.link.close();
    this.#guard.dispose();
    this.term.dispose();
  }

  #addons(): void {
    this.term.loadAddon(this.#fit);
    this.term.loadAddon(new UnicodeGraphemesAddon());
    this.term.loadAddon(new WebLinksAddon(openLink));
    this.term.loadAddon(new ClipboardAddon(undefined, clipboardProvider));
  }

  #events(): LinkEvents {
    const { events, fresh } = this.#options;
    let first = !fresh;
    return {
      ...events,
      hello: (offset, end) => {
        if (first) this.#guard.begin(end);
        first = false;
        this.#consumed = Math.max(this.#consumed, offset);
        events.hello?.(offset, end);
      },
      data: (bytes, taken) => this.term.write(bytes, () => {
        this.#consumed += bytes.length;
        taken();
        this.#guard.passed(this.#consumed);
        this.#output.splice(0).forEach((callback) => callback());
      }),
    };
  }

  #keyboard(): void {
    this.term.onData((data) => {
      const { ctrl, alt } = this.#held;
      if (ctrl || alt) this.#hold({ ctrl: false, alt: false });
      this.link.send(this.#encoder.encode(withHeld(data, { ctrl, alt })));
    });
    this.term.onBinary((data) => this.link.send(Uint8Array.from(data, (char) => char.charCodeAt(0))));
    this.term.attachCustomKeyEventHandler((event) => this.#key(event));
  }

  /** False keeps a key from the shell. */
  #key(event: KeyboardEvent): boolean {
    const both = event.ctrlKey && event.shiftKey && !event.altKey && !event.metaKey;
    if (both && event.code === 'KeyC') {
      if (event.type === 'keydown') {
        event.preventDefault();
        if (this.term.hasSelection()) void copyText(this.term.getSelection());
      }
      return false;
    }
    // The browser pastes by itself; xterm hears its paste event.
    if (both && event.code === 'KeyV') return false;
    if (both && event.key === 'F6') {
      if (event.type === 'keydown') this.#options.leave();
      event.preventDefault();
      return false;
    }
    return true;
  }

  #hold(held: Held): void {
    this.#held = held;
    this.#options.held(held);
  }

  #fitSoon(): void {
    clearTimeout(this.#fitTimer);
    this.#fitTimer = setTimeout(() => this.fit(), FIT_MS);
  }

  /** Letters came late (Korean ones are fetched when first shown): measure and draw again. */
  #fontsCame = (): void => {
    if (this.#disposed) return;
    this.#family = 1 - this.#family;
    this.term.options.fontFamily = FAMILY[this.#family] as string;
    this.term.clearTextureAtlas();
    this.#fitSoon();
  };

  async #accelerate(): Promise<void> {
    if (!webglWorks()) return;
    try {
      const { WebglAddon } = await import('@xterm/addon-webgl');
      if (this.#disposed) return;
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => webgl.dispose());
      this.term.loadAddon(webgl);
    } catch {
      // The DOM renderer, which is there already, stays.
    }
  }

  /** A finger scrolls: the history, or, where a program has the whole screen, that program. */
  #touch(): () => void {
    const { host } = this.#options;
    let last = 0;
    let rest = 0;
    const start = (event: TouchEvent) => {
      last = event.touches[0]?.clientY ?? 0;
      rest = 0;
    };
    const move = (event: TouchEvent) => {
      const y = event.touches[0]?.clientY ?? last;
      rest += (last - y) / (host.clientHeight / Math.max(this.term.rows, 1));
      last = y;
      const lines = Math.trunc(rest);
      rest -= lines;
      if (lines === 0) return;
      if (event.cancelable) event.preventDefault();
      if (this.term.buffer.active.type === 'normal') this.term.scrollLines(lines);
      else {
        const key = keySequence(lines > 0 ? 'Down' : 'Up', { ctrl: false, alt: false }, this.term.modes.applicationCursorKeysMode);
        this.link.send(this.#encoder.encode(key.repeat(Math.abs(lines))));
      }
    };
    host.addEventListener('touchstart', start, { passive: true });
    host.addEventListener('touchmove', move, { passive: false });
    return () => {
      host.removeEventListener('touchstart', start);
      host.removeEventListener('touchmove', move);
    };
  }
}

/** Opens a screen once its letters are there. */
export async function openScreen(options: ScreenOptions): Promise<Screen> {
  await fontsReady();
  return new Screen(options);
}
