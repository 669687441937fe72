// One form on its way to the server: sent once at a time, its refusals told beside the fields they are about.
import { tick } from 'svelte';
import { ApiError, serverNow } from '../api/client.ts';
import { clock } from '../app/clock.svelte.ts';
import { errorText, type ErrorText } from '../app/error-text.ts';
import { m } from '../i18n/index.svelte.ts';

export type FieldErrors = Record<string, string>;

/** Words for a refusal that the form's own fields explain, or null. */
export type Explain = (cause: ApiError) => FieldErrors | null;

/** What the server found in the fields of this form, in its own words. */
export function problemFields(cause: ApiError, names: readonly string[], words: (text: string) => string): FieldErrors | null {
  const found = (cause.problem?.errors ?? []).filter((item) => names.includes(item.field));
  return found.length ? Object.fromEntries(found.map((item) => [item.field, words(item.message)])) : null;
}

export class Form {
  busy = $state(false);
  saved = $state(false);
  errors = $state.raw<FieldErrors>({});
  failure = $state.raw<ErrorText | null>(null);
  #until = $state(0);

  /** Seconds until the server listens again; 0 when it does. */
  get wait(): number {
    return Math.max(Math.ceil((this.#until - clock.now) / 1000), 0);
  }

  get closed(): boolean {
    return this.busy || this.wait > 0;
  }

  clear(name: string): void {
    this.saved = false;
    if (name in this.errors) this.errors = Object.fromEntries(Object.entries(this.errors).filter(([key]) => key !== name));
  }

  /** True when `work` went well. Neither sends twice nor while the server asks to wait. */
  async send(element: HTMLElement | null, check: FieldErrors, work: () => Promise<unknown>, explain: Explain = () => null): Promise<boolean> {
    if (this.closed) return false;
    this.saved = false;
    this.failure = null;
    this.errors = check;
    if (Object.keys(check).length > 0) return this.#show(element);
    this.busy = true;
    try {
      await work();
      this.saved = true;
      return true;
    } catch (cause) {
      this.#refused(cause, element, explain);
    } finally {
      this.busy = false;
    }
    return this.#show(element);
  }

  #refused(cause: unknown, element: HTMLElement | null, explain: Explain): void {
    if (!(cause instanceof ApiError)) {
      this.failure = errorText(cause);
      return;
    }
    if (cause.status === 429) {
      this.#until = serverNow() + (cause.retryAfter ?? 30) * 1000;
      return;
    }
    const names = [...(element?.querySelectorAll<HTMLInputElement>('[name]') ?? [])].map((field) => field.name);
    const fields = explain(cause) ?? problemFields(cause, names, (text) => m().errors.detail(text));
    if (fields) this.errors = fields;
    else this.failure = errorText(cause);
  }

  /** To the first field that is wrong. */
  async #show(element: HTMLElement | null): Promise<false> {
    await tick();
    element?.querySelector<HTMLElement>('[aria-invalid="true"], [data-invalid]')?.focus();
    return false;
  }
}
