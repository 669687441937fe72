import { describe, expect, it } from 'vitest';
import type { OwnBuild } from '../api/publish.ts';
import { isOver, Watch } from './watch.svelte.ts';

const build = (state: OwnBuild['state']): OwnBuild => ({ id: 'b', state, stage: null, position: null, eta_seconds: null, error: null, started_at: null, ended_at: null });

describe('a build under way', () => {
  it('takes what a call answers', () => {
    const watch = new Watch(build('queued'), () => undefined);
    watch.heard(build('running'));
    expect(watch.build.state).toBe('running');
  });
  it('stays at its end, whatever a late answer says', () => {
    const watch = new Watch(build('cancelled'), () => undefined);
    watch.heard(build('running'));
    expect(isOver(watch.build)).toBe(true);
  });
});
