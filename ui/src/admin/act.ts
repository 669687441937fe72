// Doing something to a row: said when it is done, with a way back where there is one.
import { errorText } from '../app/error-text.ts';
import { toasts } from '../app/toast.svelte.ts';

const complain = (cause: unknown): void => {
  const { text, detail } = errorText(cause);
  toasts.say(detail ?? text, 'bad');
};

/** False when it did not work; what went wrong has been said then. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (cause) {
    complain(cause);
    return false;
  }
}

/** It is done; `undo` takes it back with a call of its own. */
export function said(text: string, undo?: () => Promise<unknown>): void {
  if (undo) toasts.undoable({ text, undo: () => void attempt(undo), commit: () => undefined });
  else toasts.say(text);
}
