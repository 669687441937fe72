// What "My projects" tells about builds: the newest of each project, and how long those that run still take.
import type { OwnProject } from '../api/discovery.ts';
import type { OwnBuild } from '../api/publish.ts';
import { isOver } from './watch.svelte.ts';

/** The newest build of each project, by its full name; `builds` are the newest first. */
export function newest(builds: readonly OwnBuild[]): ReadonlyMap<string, OwnBuild> {
  const found = new Map<string, OwnBuild>();
  for (const build of builds) if (build.project && !found.has(build.project)) found.set(build.project, build);
  return found;
}

export const underWay = (builds: ReadonlyMap<string, OwnBuild>): boolean => [...builds.values()].some((build) => !isOver(build));

/** The newest build of one project. Mine are listed with their place in the queue; the house's stand with the project only. */
export function buildOf(project: OwnProject, mine: ReadonlyMap<string, OwnBuild>): OwnBuild | null {
  const at = (build: OwnBuild): number => Date.parse(build.created_at ?? '') || 0;
  const listed = mine.get(project.full_name);
  const last = project.last_build;
  if (!listed || !last) return listed ?? last ?? null;
  return last.id !== listed.id && at(last) > at(listed) ? last : listed;
}

/** How full, in hundredths; no limit is never full. */
export const filled = (n: number, most: number): number => (most > 0 ? Math.min(Math.round((n / most) * 100), 100) : 0);
