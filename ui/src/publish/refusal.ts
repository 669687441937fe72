// What a refusal of publishing means for the fields of its form.
import type { ApiError } from '../api/client.ts';
import { isAbsent } from '../api/publish.ts';
import type { FieldErrors } from '../forms/form.svelte.ts';
import { pm } from '../i18n/people.ts';
import { serverFields } from './check.ts';
import type { SourceDraft } from './draft.ts';
import { p } from './words.ts';

/** Fields and their remarks; null when the refusal is about something else. */
export function refusedFields(cause: ApiError, source: SourceDraft | null): FieldErrors | null {
  const whole = (message: string): FieldErrors => serverFields([{ field: 'source', message }], source, (text) => text);
  const { problem, status } = cause;
  if (problem?.code === 'name_taken') return { name: p().checks.nameTaken };
  if (status === 413 && source) return whole(p().quota.tooLarge);
  if (isAbsent(cause) && source) return whole(p().absentWay);
  return problem?.errors?.length ? serverFields(problem.errors, source, (text) => pm().form.server(text)) : null;
}
