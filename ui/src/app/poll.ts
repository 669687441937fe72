// Asks again and again while somebody looks; stands still while the page is hidden.
export function poll(work: () => Promise<unknown>, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let over = false;

  async function turn(): Promise<void> {
    clearTimeout(timer);
    if (document.visibilityState === 'visible') await work();
    if (!over) timer = setTimeout(turn, ms);
  }
  const seen = (): void => {
    if (document.visibilityState === 'visible') void turn();
  };
  document.addEventListener('visibilitychange', seen);
  void turn();
  return () => {
    over = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', seen);
  };
}
