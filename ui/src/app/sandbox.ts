// A sandbox by its name and its page: a project's, or a bare shell's on a base.
import type { Sandbox } from '../api/types.ts';
import { shortName } from './format.ts';
import { projectHref, tryHref } from './router.svelte.ts';

type Named = Pick<Sandbox, 'project' | 'base' | 'project_summary'>;

/** Where bare shells are started and saved. */
export const bareHref = '/new?way=sandbox';

export const sandboxName = ({ project, base, project_summary: label }: Named): string => (project === null ? label || base || '' : shortName(project));
export const sandboxHref = ({ project }: Named): string => (project === null ? bareHref : projectHref(project));
export const againHref = ({ project }: Named): string => (project === null ? bareHref : tryHref(project));
