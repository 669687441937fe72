// Projects that lists have shown, so that a project's page has its name and summary before its answer comes.
import type { Project } from '../api/types.ts';

const KEEP = 200;
const seen = new Map<string, Project>();

export function rememberProjects(items: readonly Project[]): void {
  for (const item of items) {
    seen.delete(item.full_name);
    seen.set(item.full_name, item);
  }
  for (const name of seen.keys()) {
    if (seen.size <= KEEP) break;
    seen.delete(name);
  }
}

export function recallProject(fullName: string): Project | null {
  return seen.get(fullName) ?? null;
}
