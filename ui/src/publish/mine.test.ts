import { describe, expect, it } from 'vitest';
import type { OwnBuild } from '../api/publish.ts';
import { filled, newest, underWay } from './mine.ts';

const build = (id: string, project: string, state: OwnBuild['state']): OwnBuild => ({ id, project, state, stage: null, position: null, eta_seconds: null, error: null, started_at: null, ended_at: null });

describe('the newest build of each project', () => {
  it('is the first that the server lists', () => {
    const found = newest([build('3', 'ann/a', 'failed'), build('2', 'ann/b', 'succeeded'), build('1', 'ann/a', 'running')]);
    expect([...found].map(([name, { id }]) => [name, id])).toEqual([['ann/a', '3'], ['ann/b', '2']]);
    expect(underWay(found)).toBe(false);
  });
  it.each(['queued', 'running'] as const)('%s is under way', (state) => expect(underWay(newest([build('1', 'ann/a', state)]))).toBe(true));
  it('is none without builds', () => expect(underWay(newest([]))).toBe(false));
});

describe('how full', () => {
  it.each([[0, 20, 0], [5, 20, 25], [20, 20, 100], [30, 20, 100], [3, 0, 0]])('%i of %i: %i', (n, most, percent) => expect(filled(n, most)).toBe(percent));
});
