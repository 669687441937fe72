// The client's end of the terminal protocol (subprotocol ttob.terminal.v1): terminal bytes travel in binary messages,
// control in JSON text messages. This module knows offsets, acknowledgements and reconnecting; it knows no screen.
import type { EndReason, Sandbox } from '../api/types.ts';
import { guestProtocol } from '../api/client.ts';

export const SUBPROTOCOL = 'ttob.terminal.v1';
/** The server takes messages up to 64 KiB; larger input is cut. */
export const MAX_MESSAGE = 32 * 1024;
const ACK_BYTES = 64 * 1024;
const ACK_MS = 100;
/** Input kept while there is no connection. */
const KEEP_INPUT = 64 * 1024;
/** Input waits here while more than this lies in the socket's own buffer. */
const HIGH_WATER = 256 * 1024;
const BACKOFF_MS = [250, 500, 1000, 2000, 4000];
/** A server that reports usage every 2 s and is not heard for this long is gone. */
const SILENCE_MS = 10_000;
const BROKEN_TRIES = 3;

export interface Usage {
  memory: number;
  memory_limit: number;
  cpu: number;
  pids: number;
}

export interface Exit {
  reason: EndReason;
  code: number | null;
}

export type LinkState = 'connecting' | 'open' | 'reconnecting' | 'ended' | 'gone' | 'denied' | 'broken' | 'closed';

export interface LinkEvents {
  /** Terminal output. Call `taken` when the screen has really consumed it; the server waits for that. */
  data(bytes: Uint8Array, taken: () => void): void;
  state(state: LinkState): void;
  /** A connection is made; output follows from `offset`; `end` is where the stored output ends, when the server says it. */
  hello?(offset: number, end: number | null): void;
  usage?(usage: Usage): void;
  sandbox?(sandbox: Sandbox): void;
  exit?(exit: Exit): void;
  /** Output that the server no longer holds was skipped. */
  gap?(bytes: number): void;
  /** Typed input had to be dropped, because too much of it was waiting for a connection. */
  dropped?(bytes: number): void;
  /** Several attempts in a row failed: does the sandbox still exist? */
  doubt?(): void;
}

export interface LinkOptions {
  /** ws:// or wss:// address, without a query. */
  url: string;
  events: LinkEvents;
  /** First byte wanted. */
  offset?: number;
  socket?: new (url: string, protocol: string | string[]) => WebSocket;
  /** Where online and offline are announced. */
  network?: EventTarget | null;
  random?: () => number;
}

interface Control {
  hello?: { offset?: unknown; window?: unknown; end?: unknown };
  usage?: Usage;
  sandbox?: Sandbox;
  exit?: { reason?: unknown; code?: unknown };
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

/** Where to cut `bytes` at or before `limit` so that no UTF-8 character is torn. */
export function cutPoint(bytes: Uint8Array, limit: number): number {
  if (bytes.length <= limit) return bytes.length;
  let cut = limit;
  while (cut > limit - 4 && ((bytes[cut] ?? 0) & 0xc0) === 0x80) cut--;
  return cut > 0 ? cut : limit;
}

export class TerminalLink {
  #options: LinkOptions;
  #events: LinkEvents;
  #socket: WebSocket | null = null;
  #state: LinkState = 'connecting';
  /** Next byte wanted from the server. */
  #wanted: number;
  /** Bytes that the screen has consumed. */
  #taken: number;
  #acked: number;
  #window = ACK_BYTES * 4;
  #greeted = false;
  #everGreeted = false;
  #skip = 0;
  #size: [number, number] | null = null;
  #input: Uint8Array[] = [];
  #inputBytes = 0;
  #failures = 0;
  #broken = 0;
  #heard = 0;
  #hearsUsage = false;
  #ackTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #pumpTimer: ReturnType<typeof setTimeout> | undefined;
  #watch: ReturnType<typeof setInterval> | undefined;
  #exited = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#events = options.events;
    this.#wanted = this.#taken = this.#acked = options.offset ?? 0;
    this.#network?.addEventListener('online', this.#online);
    this.#network?.addEventListener('offline', this.#offline);
    this.#watch = setInterval(() => this.#checkSilence(), 2500);
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Offset of the next byte wanted. */
  get wanted(): number {
    return this.#wanted;
  }

  connect(): void {
    clearTimeout(this.#retryTimer);
    if (this.#socket || this.#final()) return;
    const Socket = this.#options.socket ?? WebSocket;
    const guest = guestProtocol();
    let socket: WebSocket;
    try {
      socket = new Socket(`${this.#options.url}?offset=${this.#wanted}`, guest ? [SUBPROTOCOL, guest] : SUBPROTOCOL);
    } catch {
      this.#retry();
      return;
    }
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#message(event.data as unknown);
    socket.onclose = (event) => this.#closed(event.code);
    this.#socket = socket;
    this.#greeted = false;
    this.#hearsUsage = false;
    this.#heard = Date.now();
  }

  /** Tries again after `broken`, `gone` or a long wait, at once. */
  reconnect(): void {
    if (this.#state === 'ended' || this.#state === 'closed') return;
    this.#broken = this.#failures = 0;
    this.#drop();
    this.#to(this.#everGreeted ? 'reconnecting' : 'connecting');
    this.connect();
  }

  /** Sends what was typed or pasted. It waits for a connection when there is none. */
  send(bytes: Uint8Array): void {
    if (this.#final() || bytes.length === 0) return;
    let kept = bytes;
    if (!this.#greeted) {
      const room = KEEP_INPUT - this.#inputBytes;
      if (bytes.length > room) {
        const fits = cutPoint(bytes, Math.max(room, 0));
        this.#events.dropped?.(bytes.length - fits);
        kept = bytes.subarray(0, fits);
      }
    }
    if (kept.length === 0) return;
    this.#input.push(kept);
    this.#inputBytes += kept.length;
    this.#pump();
  }

  resize(cols: number, rows: number): void {
    const size: [number, number] = [clamp(cols), clamp(rows)];
    if (this.#size?.[0] === size[0] && this.#size[1] === size[1]) return;
    this.#size = size;
    this.#control({ resize: size });
  }

  close(): void {
    this.#finish('closed');
  }

  #final(): boolean {
    return this.#state === 'ended' || this.#state === 'closed' || this.#state === 'gone' || this.#state === 'denied';
  }

  get #network(): EventTarget | null {
    if (this.#options.network !== undefined) return this.#options.network;
    return typeof window === 'undefined' ? null : window;
  }

  #to(state: LinkState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#events.state(state);
  }

  #opened(): void {
    if (this.#size) this.#control({ resize: this.#size });
  }

  #message(data: unknown): void {
    this.#heard = Date.now();
    if (typeof data === 'string') this.#controlMessage(data);
    else if (data instanceof ArrayBuffer) this.#output(new Uint8Array(data));
  }

  #controlMessage(text: string): void {
    let control: Control;
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed !== 'object' || parsed === null) return;
      control = parsed;
    } catch {
      return;
    }
    if (control.hello) this.#hello(control.hello);
    if (control.usage) {
      this.#hearsUsage = true;
      this.#events.usage?.(control.usage);
    }
    if (control.sandbox) this.#events.sandbox?.(control.sandbox);
    if (control.exit) this.#exit(control.exit);
  }

  #hello(hello: NonNullable<Control['hello']>): void {
    const offset = count(hello.offset) ?? this.#wanted;
    this.#window = Math.max(count(hello.window) ?? this.#window, 4096);
    this.#greeted = true;
    this.#failures = this.#broken = 0;
    // Older than asked: skip what is here already. Newer: the server's store has rolled on.
    this.#skip = Math.max(this.#wanted - offset, 0);
    if (offset > this.#wanted) {
      if (this.#everGreeted) this.#events.gap?.(offset - this.#wanted);
      this.#taken += offset - this.#wanted;
      this.#wanted = offset;
    }
    this.#acked = this.#taken;
    this.#everGreeted = true;
    this.#events.hello?.(offset, count(hello.end));
    this.#to('open');
    this.#pump();
  }

  #output(message: Uint8Array): void {
    const known = Math.min(this.#skip, message.length);
    this.#skip -= known;
    const bytes = known ? message.subarray(known) : message;
    if (bytes.length === 0) return;
    this.#wanted += bytes.length;
    this.#events.data(bytes, () => this.#consumed(bytes.length));
  }

  #consumed(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken - this.#acked >= Math.min(ACK_BYTES, this.#window / 4)) this.#ack();
    else this.#ackTimer ??= setTimeout(() => this.#ack(), ACK_MS);
  }

  #ack(): void {
    clearTimeout(this.#ackTimer);
    this.#ackTimer = undefined;
    if (this.#taken === this.#acked || !this.#greeted) return;
    this.#acked = this.#taken;
    this.#control({ ack: this.#taken });
  }

  #control(message: object): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /** Sends waiting input in pieces, and waits while the socket is full. */
  #pump(): void {
    clearTimeout(this.#pumpTimer);
    const socket = this.#socket;
    if (!socket || socket.readyState !== 1 || !this.#greeted) return;
    while (this.#input.length > 0) {
      if (socket.bufferedAmount > HIGH_WATER) {
        this.#pumpTimer = setTimeout(() => this.#pump(), 20);
        return;
      }
      const first = this.#input[0] as Uint8Array;
      const cut = cutPoint(first, MAX_MESSAGE);
      socket.send(first.slice(0, cut));
      this.#inputBytes -= cut;
      if (cut === first.length) this.#input.shift();
      else this.#input[0] = first.subarray(cut);
    }
  }

  #exit(exit: { reason?: unknown; code?: unknown }): void {
    this.#exited = true;
    this.#events.exit?.({
      reason: typeof exit.reason === 'string' ? (exit.reason as EndReason) : 'failed',
      code: typeof exit.code === 'number' ? exit.code : null,
    });
    this.#finish('ended');
  }

  #closed(code: number): void {
    this.#socket = null;
    this.#greeted = false;
    if (this.#final()) return;
    if (code === 1000) this.#finish('ended');
    else if (code === 4404) this.#finish('gone');
    else if (code === 1008) this.#finish('denied');
    else if (code === 1011 && ++this.#broken >= BROKEN_TRIES) this.#to('broken');
    else this.#retry();
  }

  #retry(): void {
    this.#to(this.#everGreeted ? 'reconnecting' : 'connecting');
    const base = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] as number;
    const random = this.#options.random ?? Math.random;
    this.#failures++;
    if (this.#failures % 3 === 0) this.#events.doubt?.();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.connect(), base * (0.75 + random() / 2));
  }

  /** Lets go of the socket without hearing from it again. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#greeted = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close();
    } catch {
      // It was never open.
    }
  }

  #finish(state: 'ended' | 'gone' | 'denied' | 'closed'): void {
    if (!this.#exited || state === 'closed') this.#ack();
    this.#drop();
    clearTimeout(this.#ackTimer);
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#pumpTimer);
    clearInterval(this.#watch);
    this.#network?.removeEventListener('online', this.#online);
    this.#network?.removeEventListener('offline', this.#offline);
    this.#to(state);
  }

  #checkSilence(): void {
    if (this.#socket && this.#hearsUsage && Date.now() - this.#heard > SILENCE_MS) this.#lost();
  }

  #lost(): void {
    this.#drop();
    this.#failures = 0;
    this.#retry();
  }

  #online = (): void => {
    if (this.#final() || this.#state === 'open') return;
    this.#failures = 0;
    this.#drop();
    this.connect();
  };

  #offline = (): void => {
    if (this.#final()) return;
    this.#lost();
  };
}

function clamp(value: number): number {
  return Math.min(Math.max(Math.trunc(value) || 1, 1), 1000);
}
