// What "My projects" tells about builds: the newest of each project, and how long those that run still take.
import type { OwnBuild } from '../api/publish.ts';
import { isOver } from './watch.svelte.ts';

/** The newest build of each project, by its full name; `builds` are the newest first. */
export function newest(builds: readonly OwnBuild[]): ReadonlyMap<string, OwnBuild> {
  const found = new Map<string, OwnBuild>();
  for (const build of builds) if (build.project && !found.has(build.project)) found.set(build.project, build);
  return found;
}

export const underWay = (builds: ReadonlyMap<string, OwnBuild>): boolean => [...builds.values()].some((build) => !isOver(build));

/** How full, in hundredths; no limit is never full. */
export const filled = (n: number, most: number): number => (most > 0 ? Math.min(Math.round((n / most) * 100), 100) : 0);
