// What somebody has begun to write stays in this browser until it is sent.
import { recall, remember } from '../app/theme.svelte.ts';

const key = (fullName: string): string => `ttob-draft:${fullName}`;

export const readDraft = (fullName: string): string => recall(key(fullName)) ?? '';
export const keepDraft = (fullName: string, text: string): void => remember(key(fullName), text.trim() ? text : null);
