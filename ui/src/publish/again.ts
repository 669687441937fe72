// Builds that are started from a page that goes on to watch them; refusals show as a remark.
import { ApiError } from '../api/client.ts';
import { rebuild, retryBuild, type OwnBuild, type Published } from '../api/publish.ts';
import { errorText } from '../app/error-text.ts';
import { buildHref, router } from '../app/router.svelte.ts';
import { toasts } from '../app/toast.svelte.ts';
import { m } from '../i18n/index.svelte.ts';
import { p } from './words.ts';

/** The build that has to end first, when that is why another one was refused. */
export const inTheWay = (cause: unknown): OwnBuild | null =>
  cause instanceof ApiError && cause.problem?.code === 'building' ? ((cause.problem as { build?: OwnBuild | null }).build ?? null) : null;

export function sayRefused(cause: unknown): void {
  const { text, detail } = errorText(cause);
  const quota = cause instanceof ApiError && cause.problem?.code === 'quota';
  toasts.say(inTheWay(cause) ? p().build.building : `${quota ? `${p().quota.full}.` : text}${detail ? ` ${m().errors.detail(detail)}` : ''}`, 'bad');
}

async function start(work: () => Promise<Published>): Promise<void> {
  try {
    router.go(buildHref((await work()).build.id));
  } catch (cause) {
    const open = inTheWay(cause);
    if (open) router.go(buildHref(open.id));
    sayRefused(cause);
  }
}

export const again = (build: string): Promise<void> => start(() => retryBuild(build));
export const anew = (fullName: string): Promise<void> => start(() => rebuild(fullName));
