import { describe, expect, it } from 'vitest';
import { AnsiLog, nearest16 } from './ansi.ts';

function plain(log: AnsiLog): string[] {
  return log.lines.map((line) => line.spans.map((span) => span.text).join(''));
}
function written(...pieces: string[]): AnsiLog {
  const log = new AnsiLog();
  pieces.forEach((piece) => log.write(piece));
  return log;
}

describe('the build log', () => {
  it('keeps lines and colours', () => {
    const log = written('a\n\x1b[1;32mok\x1b[0m b\n');
    expect(plain(log).slice(0, 2)).toEqual(['a', 'ok b']);
    expect(log.lines[1]?.spans).toEqual([{ text: 'ok', style: 'c2 bold' }, { text: ' b', style: '' }]);
  });
  it('does not mind where it is cut', () => {
    const text = 'x\x1b[38;5;196mred\x1b[39m 한글🥄\r\n\x1b]0;title\x07y\x1b]8;;http://x\x1b\\z';
    const whole = written(text);
    const pieces = written(...text.split(''));
    expect(plain(whole)).toEqual(['xred 한글🥄', 'yz']);
    // A pair of surrogates cut in two is the one thing a decoder never hands over.
    expect(plain(pieces)[1]).toEqual('yz');
    expect(pieces.lines[0]?.spans[1]?.style).toBe('c9');
  });
  it('lets progress bars overwrite their line', () => {
    expect(plain(written('10%\r20%\r100%\n'))[0]).toBe('100%');
    expect(plain(written('long line\rab\x1b[K\n'))[0]).toBe('ab');
    expect(plain(written('abc\b\bX\n'))[0]).toBe('aXc');
    expect(plain(written('abc\x1b[2K\rz'))[0]).toBe('z');
  });
  it('drops what it does not know', () => {
    expect(plain(written('a\x1b[?25l\x1b[2Jb\x1b(Bc\x07\x00d'))[0]).toBe('abcd');
  });
  it('keeps the newest 5000 lines, with ids that do not change', () => {
    const log = written(Array.from({ length: 6000 }, (_, i) => `l${i}`).join('\n'));
    expect(log.lines.length).toBe(5000);
    expect(log.lines.at(-1)).toEqual({ id: 5999, spans: [{ text: 'l5999', style: '' }] });
  });
  it('breaks a line without end', () => {
    expect(written('x'.repeat(9000)).lines.length).toBe(3);
  });
  it('survives an escape that never ends', () => {
    const log = written(`\x1b]${'x'.repeat(5000)}`, 'after\n');
    expect(plain(log).join('')).toContain('after');
  });
  it('shows markup as text', () => {
    expect(plain(written('<script>alert(1)</script>'))[0]).toBe('<script>alert(1)</script>');
  });
});

describe('nearest16', () => {
  it('finds close colours', () => {
    expect(nearest16(3)).toBe(3);
    expect(nearest16(196)).toBe(9);
    expect(nearest16(46)).toBe(10);
    expect(nearest16(16)).toBe(8);
    expect(nearest16(255)).toBe(15);
  });
});
