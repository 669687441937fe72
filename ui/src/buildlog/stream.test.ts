import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BuildStream } from './stream.ts';

class FakeSource extends EventTarget {
  static made: FakeSource[] = [];
  readyState = 0;
  constructor(readonly url: string) {
    super();
    FakeSource.made.push(this);
  }
  close(): void {
    this.readyState = 2;
  }
  say(type: string, data: unknown, id = ''): void {
    const event = new Event(type);
    Object.assign(event, { data: typeof data === 'string' ? data : JSON.stringify(data), lastEventId: id });
    this.dispatchEvent(event);
  }
}

function setup() {
  FakeSource.made = [];
  const log: unknown[] = [];
  const stream = new BuildStream({
    url: '/log',
    source: FakeSource as unknown as new (url: string) => EventSource,
    events: {
      log: (text) => log.push(text),
      state: (build) => log.push({ state: build.state }),
      end: (build) => log.push({ end: build.state }),
      lost: (lost) => log.push({ lost }),
    },
  });
  return { stream, log, source: () => FakeSource.made.at(-1) as FakeSource };
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the build stream', () => {
  it('hands on text and states', () => {
    const { log, source } = setup();
    source().say('state', { state: 'running' });
    source().say('log', { text: 'a' }, '1');
    source().say('end', { state: 'succeeded' });
    expect(log).toEqual([{ state: 'running' }, 'a', { end: 'succeeded' }]);
    expect(source().readyState).toBe(2);
  });
  it('prints nothing twice', () => {
    const { log, source } = setup();
    source().say('log', { text: 'ab' }, '2');
    source().say('log', { text: 'ab' }, '2');
    source().say('log', { text: 'c' }, '3');
    expect(log).toEqual(['ab', 'c']);
  });
  it('returns by itself after a refusal, from where it was', () => {
    const { log, source } = setup();
    source().say('log', { text: 'ab' }, '2');
    source().readyState = 2;
    source().say('error', '');
    vi.advanceTimersByTime(1500);
    expect(FakeSource.made.length).toBe(2);
    expect(source().url).toBe('/log?offset=2');
    source().say('open', '');
    expect(log).toEqual(['ab', { lost: true }, { lost: false }]);
  });
  it('leaves reconnecting to the browser while it does', () => {
    const { source } = setup();
    source().say('error', '');
    vi.advanceTimersByTime(10_000);
    expect(FakeSource.made.length).toBe(1);
  });
  it('is still after close, and survives rubbish', () => {
    const { stream, log, source } = setup();
    source().say('log', '{', '1');
    source().say('log', { text: 5 }, '2');
    source().say('state', 'null');
    stream.close();
    source().say('error', '');
    vi.advanceTimersByTime(10_000);
    expect(FakeSource.made.length).toBe(1);
    expect(log).toEqual([]);
  });
});
