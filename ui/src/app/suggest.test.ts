import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { marked, Suggester } from './suggest.ts';

describe('suggestions', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function suggester() {
    const shown: [string, string[]][] = [];
    const asked: { text: string; signal: AbortSignal; answer: (items: string[]) => void; fail: () => void }[] = [];
    const it = new Suggester<string>({
      delay: 80,
      keep: 2,
      fetch: (text, signal) => new Promise((answer, reject) => asked.push({ text, signal, answer, fail: () => reject(new Error('no')) })),
      show: (text, items) => shown.push([text, items]),
    });
    return { it, shown, asked };
  }

  it('waits for a pause and asks once', async () => {
    const { it: boxes, asked, shown } = suggester();
    boxes.ask('s');
    boxes.ask('sq');
    await vi.advanceTimersByTimeAsync(79);
    expect(asked).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.map((item) => item.text)).toEqual(['sq']);
    asked[0]?.answer(['sqlite']);
    await vi.runAllTimersAsync();
    expect(shown).toEqual([['sq', ['sqlite']]]);
  });

  it('never shows an answer that came too late', async () => {
    const { it: boxes, asked, shown } = suggester();
    boxes.ask('s');
    await vi.advanceTimersByTimeAsync(80);
    boxes.ask('sq');
    expect(asked[0]?.signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(80);
    asked[1]?.answer(['sqlite']);
    asked[0]?.answer(['old']);
    await vi.runAllTimersAsync();
    expect(shown).toEqual([['sq', ['sqlite']]]);
  });

  it('keeps answers, but not for ever and not all', async () => {
    const { it: boxes, asked, shown } = suggester();
    for (const text of ['a', 'b', 'c']) {
      boxes.ask(text);
      await vi.advanceTimersByTimeAsync(80);
      asked.at(-1)?.answer([text]);
      await vi.advanceTimersByTimeAsync(0);
    }
    boxes.ask(' C ');
    expect(shown.at(-1)).toEqual(['c', ['c']]);
    expect(asked).toHaveLength(3);
    boxes.ask('a');
    await vi.advanceTimersByTimeAsync(80);
    expect(asked).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(40_000);
    boxes.ask('c');
    await vi.advanceTimersByTimeAsync(80);
    expect(asked).toHaveLength(5);
  });

  it('clears for nothing, and is quiet when the server is', async () => {
    const { it: boxes, asked, shown } = suggester();
    boxes.ask('x');
    await vi.advanceTimersByTimeAsync(80);
    asked[0]?.fail();
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual([['x', []]]);
    boxes.ask('   ');
    expect(shown.at(-1)).toEqual(['', []]);
    expect(asked).toHaveLength(1);
  });
});

describe('marks', () => {
  it('show what matched', () => {
    expect(marked('SQLite', 'sql')).toEqual([{ text: 'SQL', hit: true }, { text: 'ite', hit: false }]);
    expect(marked('데이터베이스', '터베')).toEqual([{ text: '데이', hit: false }, { text: '터베', hit: true }, { text: '이스', hit: false }]);
    expect(marked('a+b', '+')).toEqual([{ text: 'a', hit: false }, { text: '+', hit: true }, { text: 'b', hit: false }]);
    expect(marked('plain', '')).toEqual([{ text: 'plain', hit: false }]);
    expect(marked('(x', '(')).toEqual([{ text: '(', hit: true }, { text: 'x', hit: false }]);
  });
});
