import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cutPoint, MAX_MESSAGE, SUBPROTOCOL, TerminalLink, type LinkEvents, type LinkOptions } from './protocol.ts';

class FakeSocket {
  static made: FakeSocket[] = [];
  readyState = 0;
  bufferedAmount = 0;
  binaryType = 'blob';
  sent: (string | Uint8Array)[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(readonly url: string, readonly protocol: string) {
    FakeSocket.made.push(this);
  }
  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }
  close(): void {
    this.closed = true;
    this.readyState = 3;
  }

  // The server's side.
  open(hello: object | null = { offset: 0, window: 1048576 }): void {
    this.readyState = 1;
    this.onopen?.();
    if (hello) this.text({ hello });
  }
  text(message: unknown): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }
  bytes(text: string): void {
    const data = new TextEncoder().encode(text);
    this.onmessage?.({ data: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) });
  }
  die(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
  get controls(): unknown[] {
    return this.sent.filter((item): item is string => typeof item === 'string').map((item) => JSON.parse(item) as unknown);
  }
  get input(): string {
    const parts = this.sent.filter((item): item is Uint8Array => typeof item !== 'string');
    return parts.map((item) => new TextDecoder().decode(item)).join('');
  }
}

function lastSocket(): FakeSocket {
  return FakeSocket.made.at(-1) as FakeSocket;
}

function setup(options: Partial<LinkOptions> = {}, more: Partial<LinkEvents> = {}) {
  const log: unknown[] = [];
  let screen = '';
  const waiting: (() => void)[] = [];
  const network = new EventTarget();
  const link = new TerminalLink({
    url: 'ws://x/t',
    socket: FakeSocket as unknown as new (url: string, protocol: string | string[]) => WebSocket,
    network,
    random: () => 0.5,
    events: {
      data(bytes, taken) {
        screen += new TextDecoder().decode(bytes);
        waiting.push(taken);
      },
      state: (state) => log.push(state),
      gap: (bytes) => log.push({ gap: bytes }),
      exit: (exit) => log.push({ exit }),
      dropped: (bytes) => log.push({ dropped: bytes }),
      doubt: () => log.push('doubt'),
      hello: (offset, end) => log.push({ hello: [offset, end] }),
      ...more,
    },
    ...options,
  });
  link.connect();
  return {
    link, log, network,
    get screen() { return screen; },
    consume() { waiting.splice(0).forEach((taken) => taken()); },
  };
}

const typed = (text: string) => new TextEncoder().encode(text);

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
});
afterEach(() => vi.useRealTimers());

describe('connecting', () => {
  it('asks for the subprotocol and the first byte', () => {
    setup();
    expect(lastSocket().url).toBe('ws://x/t?offset=0');
    expect(lastSocket().protocol).toBe(SUBPROTOCOL);
    expect(lastSocket().binaryType).toBe('arraybuffer');
  });
  it('says its size at once and only when it changes', () => {
    const { link } = setup();
    link.resize(80, 24);
    lastSocket().open();
    link.resize(80, 24);
    link.resize(100, 30);
    expect(lastSocket().controls).toEqual([{ resize: [80, 24] }, { resize: [100, 30] }]);
  });
  it('keeps sizes between 1 and 1000', () => {
    const { link } = setup();
    lastSocket().open();
    link.resize(0, 5000);
    link.resize(NaN, -3);
    expect(lastSocket().controls).toEqual([{ resize: [1, 1000] }, { resize: [1, 1] }]);
  });
  it('is open only after hello', () => {
    const { link, log } = setup();
    lastSocket().open(null);
    expect(link.state).toBe('connecting');
    lastSocket().text({ hello: { offset: 0, window: 1000, end: 7 } });
    expect(log).toEqual([{ hello: [0, 7] }, 'open']);
  });
  it('lives with control messages it does not know, and with broken ones', () => {
    const { link } = setup();
    lastSocket().open();
    for (const text of ['{', '[]', 'null', '7', '{"later":{}}', '{"hello":{"offset":"x"}}', '{"hello":{"offset":-4}}']) lastSocket().text(text);
    expect(link.state).toBe('open');
    expect(link.wanted).toBe(0);
  });
});

describe('output', () => {
  it('counts bytes, not characters', () => {
    const t = setup();
    lastSocket().open();
    lastSocket().bytes('한글');
    expect(t.screen).toBe('한글');
    expect(t.link.wanted).toBe(6);
  });
  it('acknowledges 100 ms after the screen took bytes, once', () => {
    const t = setup();
    lastSocket().open();
    lastSocket().bytes('abc');
    vi.advanceTimersByTime(1000);
    expect(lastSocket().controls).toEqual([]);
    t.consume();
    vi.advanceTimersByTime(99);
    expect(lastSocket().controls).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(lastSocket().controls).toEqual([{ ack: 3 }]);
    vi.advanceTimersByTime(1000);
    expect(lastSocket().controls).toEqual([{ ack: 3 }]);
  });
  it('acknowledges at once every 64 KiB', () => {
    const t = setup();
    lastSocket().open();
    lastSocket().bytes('x'.repeat(65536));
    t.consume();
    expect(lastSocket().controls).toEqual([{ ack: 65536 }]);
  });
  it('acknowledges sooner when the window is small', () => {
    const t = setup();
    lastSocket().open({ offset: 0, window: 16384 });
    lastSocket().bytes('x'.repeat(4096));
    t.consume();
    expect(lastSocket().controls).toEqual([{ ack: 4096 }]);
  });
});

describe('a lost connection', () => {
  it('comes back with the next byte and prints nothing twice', () => {
    const t = setup();
    lastSocket().open();
    lastSocket().bytes('hello ');
    lastSocket().die();
    expect(t.link.state).toBe('reconnecting');
    vi.advanceTimersByTime(250);
    expect(lastSocket().url).toBe('ws://x/t?offset=6');
    lastSocket().open({ offset: 6, window: 1000 });
    lastSocket().bytes('world');
    expect(t.screen).toBe('hello world');
  });
  it('skips what it has when the server starts earlier', () => {
    const t = setup();
    lastSocket().open();
    lastSocket().bytes('hello ');
    lastSocket().die();
    vi.advanceTimersByTime(250);
    lastSocket().open({ offset: 2, window: 1000 });
    lastSocket().bytes('ll');
    lastSocket().bytes('o wor');
    lastSocket().bytes('ld');
    expect(t.screen).toBe('hello world');
    expect(t.link.wanted).toBe(11);
  });
  it('tells of output that the server no longer holds', () => {
    const t = setup();
    lastSocket().open();
    lastSocket().bytes('abc');
    lastSocket().die();
    vi.advanceTimersByTime(250);
    lastSocket().open({ offset: 100, window: 1000 });
    expect(t.log).toContainEqual({ gap: 97 });
    lastSocket().bytes('d');
    t.consume();
    vi.advanceTimersByTime(100);
    expect(lastSocket().controls.at(-1)).toEqual({ ack: 101 });
  });
  it('finds the oldest byte kept after a reload without calling it a gap', () => {
    const t = setup();
    lastSocket().open({ offset: 5000, window: 1000 });
    expect(t.log).toEqual([{ hello: [5000, null] }, 'open']);
    expect(t.link.wanted).toBe(5000);
  });
  it('waits longer each time, up to four seconds, and asks whether the sandbox lives', () => {
    const t = setup();
    const waits = [250, 500, 1000, 2000, 4000, 4000];
    for (const wait of waits) {
      const before = FakeSocket.made.length;
      lastSocket().die();
      vi.advanceTimersByTime(wait - 1);
      expect(FakeSocket.made.length).toBe(before);
      vi.advanceTimersByTime(1);
      expect(FakeSocket.made.length).toBe(before + 1);
    }
    expect(t.log.filter((item) => item === 'doubt').length).toBe(2);
  });
  it('keeps what is typed and says its size again', () => {
    const { link } = setup();
    link.resize(80, 24);
    lastSocket().open();
    lastSocket().die();
    link.send(typed('ls\r'));
    vi.advanceTimersByTime(250);
    lastSocket().open(null);
    expect(lastSocket().input).toBe('');
    lastSocket().text({ hello: { offset: 0, window: 1 } });
    expect(lastSocket().input).toBe('ls\r');
    expect(lastSocket().controls[0]).toEqual({ resize: [80, 24] });
  });
  it('does not keep more input than 64 KiB', () => {
    const t = setup();
    t.link.send(typed('a'.repeat(70000)));
    t.link.send(typed('b'));
    lastSocket().open();
    expect(lastSocket().input).toBe('a'.repeat(65536));
    expect(t.log).toContainEqual({ dropped: 70000 - 65536 });
    expect(t.log).toContainEqual({ dropped: 1 });
  });
  it('hears the network: lets go when offline, returns at once when online', () => {
    const t = setup();
    lastSocket().open();
    const first = lastSocket();
    t.network.dispatchEvent(new Event('offline'));
    expect(first.closed).toBe(true);
    expect(t.link.state).toBe('reconnecting');
    first.bytes('late');
    expect(t.screen).toBe('');
    t.network.dispatchEvent(new Event('online'));
    expect(FakeSocket.made.length).toBe(2);
    lastSocket().open();
    expect(t.link.state).toBe('open');
    vi.advanceTimersByTime(10_000);
    expect(FakeSocket.made.length).toBe(2);
  });
  it('notices a server that fell silent', () => {
    const t = setup();
    lastSocket().open();
    lastSocket().text({ usage: { memory: 1, memory_limit: 2, cpu: 0, pids: 1 } });
    vi.advanceTimersByTime(15_000);
    expect(t.link.state).not.toBe('open');
    expect(FakeSocket.made.length).toBeGreaterThan(1);
  });
  it('does not mistake a quiet shell for a dead server', () => {
    const t = setup();
    lastSocket().open();
    vi.advanceTimersByTime(60_000);
    expect(t.link.state).toBe('open');
  });
});

describe('input', () => {
  it('cuts large pastes, never inside a character', () => {
    const { link } = setup();
    lastSocket().open();
    const text = `a${'한'.repeat(30000)}`;
    link.send(typed(text));
    const parts = lastSocket().sent as Uint8Array[];
    expect(parts.length).toBe(3);
    for (const part of parts) {
      expect(part.length).toBeLessThanOrEqual(MAX_MESSAGE);
      expect(() => new TextDecoder('utf-8', { fatal: true }).decode(part)).not.toThrow();
    }
    expect(lastSocket().input).toBe(text);
  });
  it('waits while the socket is full', () => {
    const { link } = setup();
    lastSocket().open();
    lastSocket().bufferedAmount = 1e6;
    link.send(typed('x'));
    expect(lastSocket().input).toBe('');
    lastSocket().bufferedAmount = 0;
    vi.advanceTimersByTime(20);
    expect(lastSocket().input).toBe('x');
  });
  it('sends bytes that are no text as they are', () => {
    const { link } = setup();
    lastSocket().open();
    link.send(new Uint8Array([0x1b, 0x5b, 0x4d, 0xff]));
    expect(lastSocket().sent[0]).toEqual(new Uint8Array([0x1b, 0x5b, 0x4d, 0xff]));
  });
  it('cuts even where there is no character border', () => {
    expect(cutPoint(new Uint8Array(10).fill(0x80), 5)).toBeGreaterThan(0);
    expect(cutPoint(typed('abc'), 5)).toBe(3);
    expect(cutPoint(typed('a한'), 3)).toBe(1);
  });
});

describe('endings', () => {
  it('tells the reason and never returns', () => {
    const t = setup();
    lastSocket().open();
    lastSocket().text({ exit: { reason: 'memory', code: 137 } });
    lastSocket().die(1000);
    vi.advanceTimersByTime(60_000);
    expect(t.log.slice(-2)).toEqual([{ exit: { reason: 'memory', code: 137 } }, 'ended']);
    expect(FakeSocket.made.length).toBe(1);
    t.link.send(typed('x'));
    t.link.reconnect();
    expect(FakeSocket.made.length).toBe(1);
  });
  it.each([[4404, 'gone'], [1008, 'denied'], [1000, 'ended']])('close %i means %s', (code, state) => {
    const t = setup();
    lastSocket().open();
    lastSocket().die(code);
    vi.advanceTimersByTime(60_000);
    expect(t.link.state).toBe(state);
    expect(FakeSocket.made.length).toBe(1);
  });
  it('gives up after three 1011, until asked', () => {
    const t = setup();
    for (let i = 0; i < 3; i++) {
      lastSocket().die(1011);
      vi.advanceTimersByTime(5000);
    }
    expect(t.link.state).toBe('broken');
    expect(FakeSocket.made.length).toBe(3);
    t.link.reconnect();
    lastSocket().open();
    expect(t.link.state).toBe('open');
  });
  it('closes for good', () => {
    const t = setup();
    lastSocket().open();
    t.link.close();
    t.network.dispatchEvent(new Event('online'));
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.made.length).toBe(1);
    expect(lastSocket().closed).toBe(true);
  });
});
