import { describe, expect, it } from 'vitest';
import { Ime, retype } from './ime.ts';

function setup() {
  const sent: string[] = [];
  const state = { value: '', preview: null as string | null, urgent: false };
  const ime = new Ime({ value: () => state.value, send: (text) => sent.push(text), preview: (text) => (state.preview = text), urgent: () => state.urgent });
  const key = (keyCode: number, name = '') => ime.keydown({ keyCode, key: name });
  /** One syllable as Chromium tells it. */
  const compose = (steps: string[], done: string) => {
    key(229);
    ime.compositionstart();
    for (const step of steps) {
      ime.compositionupdate(step);
      state.value += step;
      expect(ime.input('insertCompositionText')).toBe(true);
    }
    ime.compositionend(done);
  };
  return { ime, sent, state, key, compose };
}

describe('composing', () => {
  it('sends each syllable once, in order, without waiting', () => {
    const { sent, compose, key } = setup();
    compose(['ㅎ', '하', '한'], '한');
    compose(['ㄱ', '그', '글'], '글');
    expect(key(13, 'Enter')).toBe(false);
    expect(sent).toEqual(['한', '글']);
  });
  it('sends what the end says, not the last step: a final consonant may move on', () => {
    const { sent, compose } = setup();
    compose(['ㄱ', '가', '각'], '가');
    compose(['가'], '가');
    expect(sent.join('')).toBe('가가');
  });
  it('sends nothing for what was called off', () => {
    const { sent, state, compose } = setup();
    compose(['ㅎ'], '');
    expect(sent).toEqual([]);
    expect(state.preview).toBe(null);
  });
  it('puts a plain key after what is composed, and says that once', () => {
    const { ime, sent, key } = setup();
    key(229);
    ime.compositionstart();
    ime.compositionupdate('한');
    expect(key(16, 'Shift')).toBe(false);
    expect(sent).toEqual([]);
    expect(key(13, 'Enter')).toBe(false);
    expect(sent).toEqual(['한']);
    ime.compositionend('한');
    expect(sent).toEqual(['한']);
  });
  it('sends only what is added to a composition that a key of the bar cut short', () => {
    const { ime, sent, state } = setup();
    ime.compositionstart();
    ime.compositionupdate('ls');
    ime.flush();
    ime.flush();
    expect(state.preview).toBe(null);
    ime.compositionupdate('ls ');
    ime.compositionupdate('ls x');
    expect(state.preview).toBe(' x');
    ime.compositionend('ls x');
    expect(sent).toEqual(['ls', ' x']);
  });
  it('corrects what was sent when the input method changes its mind', () => {
    const { ime, sent } = setup();
    ime.compositionstart();
    ime.compositionupdate('teh');
    ime.flush();
    ime.compositionend('the');
    expect(sent).toEqual(['teh', '\x7f\x7fhe']);
  });
  it('does not keep a held Ctrl waiting', () => {
    const { ime, sent, state } = setup();
    state.urgent = true;
    ime.compositionstart();
    ime.compositionupdate('c');
    state.urgent = false;
    expect(sent).toEqual(['c']);
    ime.compositionend('c');
    expect(sent).toEqual(['c']);
  });
  it('shows what is composed', () => {
    const { ime, state } = setup();
    ime.compositionstart();
    ime.compositionupdate('하');
    expect(state.preview).toBe('하');
    ime.compositionend('하');
    expect(state.preview).toBe(null);
  });
  it('ignores the echo that Safari sends after the end', () => {
    const { ime, sent, compose } = setup();
    compose(['한'], '한');
    expect(ime.input('insertFromComposition')).toBe(true);
    expect(sent).toEqual(['한']);
  });
});

describe('keyboards without composition events', () => {
  const typed = (t: ReturnType<typeof setup>, value: string, type = 'insertText') => {
    t.key(229);
    t.ime.beforeinput();
    t.state.value = value;
    return t.ime.input(type);
  };
  it('types and erases', () => {
    const t = setup();
    expect(typed(t, 'l')).toBe(true);
    typed(t, 'ls');
    typed(t, 'l', 'deleteContentBackward');
    expect(t.sent).toEqual(['l', 's', '\x7f']);
  });
  it('retypes a syllable that grows', () => {
    const t = setup();
    typed(t, 'ㅎ');
    typed(t, '하', 'insertReplacementText');
    expect(t.sent).toEqual(['ㅎ', '\x7f하']);
  });
  it('leaves everything else to xterm', () => {
    const t = setup();
    expect(t.key(65, 'a')).toBe(false);
    t.ime.beforeinput();
    t.state.value = 'a';
    expect(t.ime.input('insertText')).toBe(false);
    expect(t.sent).toEqual([]);
  });
});

describe('retype', () => {
  it('counts characters, not code units', () => {
    expect(retype('a🥄', 'a')).toBe('\x7f');
    expect(retype('', 'a\nb')).toBe('a\rb');
    expect(retype('same', 'same')).toBe('');
  });
});
