import { ApiError } from '../api/client.ts';
import { roughTime } from '../try/time.ts';
import { f } from './words.ts';

/** Why a text could not be sent, in a way that says what becomes of it. */
export function refusal(cause: unknown): string {
  const words = f().comments;
  if (!(cause instanceof ApiError)) return words.failed;
  if (cause.status === 401) return words.refused;
  if (cause.status === 429) return cause.retryAfter ? words.tooMany(roughTime(cause.retryAfter)) : words.tooManySoon;
  const [first] = cause.problem?.errors ?? [];
  return first ? `${words.failed} (${first.message})` : words.failed;
}
