// While an on-screen keyboard is open, the terminal takes exactly the room that is left above it.
const KEYBOARD = 120;

/** Watches the visible viewport; returns how to stop. `open` hears when a keyboard opens or closes. */
export function keyboardInset(panel: HTMLElement, open: (open: boolean) => void): () => void {
  const viewport = window.visualViewport;
  if (!viewport || !matchMedia('(pointer: coarse)').matches) return () => undefined;
  let tallest = viewport.height;
  let width = viewport.width;
  const change = () => {
    if (viewport.width !== width) {
      width = viewport.width;
      tallest = viewport.height;
    }
    tallest = Math.max(tallest, viewport.height);
    const typing = panel.contains(document.activeElement) && tallest - viewport.height > KEYBOARD && viewport.scale < 1.05;
    open(typing);
    panel.style.top = typing ? `${viewport.offsetTop}px` : '';
    panel.style.height = typing ? `${viewport.height}px` : '';
  };
  viewport.addEventListener('resize', change);
  viewport.addEventListener('scroll', change);
  return () => {
    viewport.removeEventListener('resize', change);
    viewport.removeEventListener('scroll', change);
  };
}
