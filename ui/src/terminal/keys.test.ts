import { describe, expect, it } from 'vitest';
import { keySequence, withHeld } from './keys.ts';

const none = { ctrl: false, alt: false };
const ctrl = { ctrl: true, alt: false };
const alt = { ctrl: false, alt: true };

describe('the key bar', () => {
  it('sends arrows as the program asked', () => {
    expect(keySequence('Up', none, false)).toBe('\x1b[A');
    expect(keySequence('Up', none, true)).toBe('\x1bOA');
    expect(keySequence('Left', ctrl, true)).toBe('\x1b[1;5D');
    expect(keySequence('Right', { ctrl: true, alt: true }, false)).toBe('\x1b[1;7C');
  });
  it('sends the plain keys', () => {
    expect(keySequence('Esc', none, false)).toBe('\x1b');
    expect(keySequence('Tab', none, false)).toBe('\t');
    expect(keySequence('|', none, false)).toBe('|');
    expect(keySequence('Ctrl', none, false)).toBe('');
  });
});

describe('held keys', () => {
  it('turns letters into control characters', () => {
    expect(withHeld('c', ctrl)).toBe('\x03');
    expect(withHeld('C', ctrl)).toBe('\x03');
    expect(withHeld('[', ctrl)).toBe('\x1b');
    expect(withHeld(' ', ctrl)).toBe('\0');
    expect(withHeld('?', ctrl)).toBe('\x7f');
  });
  it('puts Escape before for Alt', () => {
    expect(withHeld('b', alt)).toBe('\x1bb');
    expect(withHeld('한', alt)).toBe('\x1b한');
  });
  it('leaves pastes and sequences alone', () => {
    expect(withHeld('ls\r', ctrl)).toBe('ls\r');
    expect(withHeld('\x1b[A', ctrl)).toBe('\x1b[A');
    expect(withHeld('한', ctrl)).toBe('한');
    expect(withHeld('', ctrl)).toBe('');
  });
});
