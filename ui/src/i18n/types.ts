import type { messages } from './en.ts';

/** The same shape as the English messages, with any words. */
export type Words<T> = T extends string
  ? string
  : T extends (...args: infer A) => string
    ? (...args: A) => string
    : { readonly [K in keyof T]: Words<T[K]> };

export type Messages = Words<typeof messages>;

export interface DocsSection {
  id: string;
  title: string;
  lead: string;
  items: { title: string; text: string; code?: string }[];
}

export interface DocsText {
  sections: DocsSection[];
  about: { title: string; text: string }[];
}
