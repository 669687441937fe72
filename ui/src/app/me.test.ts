import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Account } from '../api/people.ts';
import { me } from './me.svelte.ts';

const ann = { username: 'ann', language: null, theme: null } as Account;
let answers: ((body: object) => void)[] = [];

beforeEach(() => {
  answers = [];
  vi.stubGlobal('fetch', () => new Promise((resolve) => answers.push((body) => resolve(Response.json(body)))));
  me.is(null);
});
afterEach(() => vi.unstubAllGlobals());

describe('who is signed in', () => {
  it('is asked once by several askers', async () => {
    const both = [me.refresh(), me.refresh()];
    answers[0]?.({ user: ann, guest: false, sandbox: null });
    await Promise.all(both);
    expect([answers.length, me.user?.username, me.known]).toEqual([1, 'ann', true]);
  });
  it('is not forgotten for an answer that was asked for before', async () => {
    const before = me.refresh();
    me.is(ann);
    const after = me.refresh();
    expect(answers.length).toBe(2);
    answers[0]?.({ user: null, guest: true, sandbox: null });
    await before;
    expect(me.user?.username).toBe('ann');
    answers[1]?.({ user: ann, guest: false, sandbox: { id: 's', state: 'running' } });
    await after;
    expect(me.sandbox?.id).toBe('s');
  });
  it('is nobody once the server says so', async () => {
    me.is(ann);
    const asked = me.refresh();
    answers[0]?.({ user: null, guest: true, sandbox: { id: 's', state: 'ended' } });
    await asked;
    expect([me.user, me.sandbox]).toEqual([null, null]);
  });
});
