// What a failed call means to a person, and what to do next.
import { ApiError } from '../api/client.ts';
import { m } from '../i18n/index.svelte.ts';

export interface ErrorText {
  text: string;
  detail: string | null;
}

export function errorText(cause: unknown): ErrorText {
  const e = m().errors;
  if (!(cause instanceof ApiError)) return { text: e.other, detail: null };
  const detail = cause.problem?.detail ?? null;
  switch (cause.status) {
    case 0: return { text: e.offline, detail: null };
    case 401: return { text: e.signedOut, detail: null };
    case 403: return { text: e.refused, detail };
    case 404: return { text: e.notFound, detail: null };
    case 429: return { text: e.tooMany, detail };
    case 502:
    case 503:
    case 504: return { text: e.engine, detail };
    default: return { text: e.other, detail };
  }
}
