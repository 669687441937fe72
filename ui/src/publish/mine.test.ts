import { describe, expect, it } from 'vitest';
import type { OwnBuild } from '../api/publish.ts';
import type { OwnProject } from '../api/discovery.ts';
import { buildOf, filled, newest, underWay } from './mine.ts';

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

describe('the build of one project', () => {
  const at = (id: string, minute: string) => ({ ...build(id, 'ann/a', 'succeeded'), created_at: `2026-11-22T10:${minute}:00Z` });
  const project = (last: OwnBuild | null) => ({ full_name: 'ann/a', last_build: last }) as OwnProject;
  const mine = newest([{ ...at('mine', '05'), position: 2 }]);
  it.each<[string, OwnBuild | null, string]>([['the same', at('mine', '05'), 'mine'], ['later', at('house', '06'), 'house'], ['older', at('old', '04'), 'mine'], ['none', null, 'mine']])('when the last one is %s', (_, last, wanted) => {
    expect(buildOf(project(last), mine)?.id).toBe(wanted);
  });
  it('keeps the place in the queue', () => expect(buildOf(project(at('mine', '05')), mine)?.position).toBe(2));
  it('may be nobody\'s, or none', () => {
    expect(buildOf(project(at('house', '01')), newest([]))?.id).toBe('house');
    expect(buildOf(project(null), newest([]))).toBeNull();
  });
});

describe('how full', () => {
  it.each([[0, 20, 0], [5, 20, 25], [20, 20, 100], [30, 20, 100], [3, 0, 0]])('%i of %i: %i', (n, most, percent) => expect(filled(n, most)).toBe(percent));
});
