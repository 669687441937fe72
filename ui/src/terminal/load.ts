// The terminal's code is a chunk of its own: asked for when a pointer or the focus comes near a Try button.
let loaded: Promise<typeof import('./screen.ts')> | null = null;

export function loadTerminal(): Promise<typeof import('./screen.ts')> {
  loaded ??= import('./screen.ts').catch((cause: unknown) => {
    loaded = null;
    throw cause;
  });
  return loaded;
}

/** Fetches the code and the letters ahead of time; failing is no harm, it is tried again when needed. */
export function prefetchTerminal(): void {
  loadTerminal()
    .then(() => document.fonts.load('400 14px "JetBrains Mono"'))
    .catch(() => undefined);
}
