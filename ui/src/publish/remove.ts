// Deleting a project: done at once, and taken back for a week.
import { deleteOwn, restoreOwn } from '../api/publish.ts';
import { errorText } from '../app/error-text.ts';
import { shortName } from '../app/format.ts';
import { focusUndo, toasts } from '../app/toast.svelte.ts';
import { p } from './words.ts';

export async function restore(fullName: string, after: () => unknown): Promise<void> {
  try {
    await restoreOwn(fullName);
    toasts.say(p().mine.restored(shortName(fullName)));
  } catch (cause) {
    toasts.say(errorText(cause).text, 'bad');
  }
  after();
}

/** Throws when it could not be deleted. `back` is called once it is restored, or could not be. */
export async function remove(fullName: string, back: () => unknown): Promise<void> {
  await deleteOwn(fullName);
  focusUndo(toasts.undoable({ text: p().edit.deleted(shortName(fullName)), undo: () => void restore(fullName, back), commit: () => undefined }));
}
