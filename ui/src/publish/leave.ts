// Asks before this page is left while something would be lost.
export interface LeaveOptions {
  /** Would something be lost? */
  unsafe: () => boolean;
  /** A link of this site was pressed: `go` follows it after all. */
  ask: (go: () => void) => void;
}

export function guardLeaving({ unsafe, ask }: LeaveOptions): () => void {
  let allowed = false;
  const unload = (event: BeforeUnloadEvent): void => {
    if (unsafe()) event.preventDefault();
  };
  const press = (event: MouseEvent): void => {
    const link = (event.target as Element | null)?.closest?.('a');
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (allowed || !plain || !link || link.target || link.origin !== location.origin || link.pathname === location.pathname || !unsafe()) return;
    event.preventDefault();
    event.stopPropagation();
    ask(() => {
      allowed = true;
      link.click();
      allowed = false;
    });
  };
  addEventListener('beforeunload', unload);
  document.addEventListener('click', press, true);
  return () => {
    removeEventListener('beforeunload', unload);
    document.removeEventListener('click', press, true);
  };
}
