// xterm.js writes its colours and sizes into <style> elements and style attributes, which this site's CSP forbids
// (style-src 'self'). Constructed style sheets and the CSSOM say the same and are allowed.

type Maker = (tag: string, options?: ElementCreationOptions) => HTMLElement;

/** An element that looks like <style> to xterm: its text becomes a constructed style sheet while it is kept. */
function sheetElement(make: Maker): HTMLElement {
  const element = make('span');
  const sheet = new CSSStyleSheet();
  let text = '';
  element.hidden = true;
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  Object.defineProperty(element, 'textContent', {
    get: () => text,
    set: (css: string) => {
      text = css;
      sheet.replaceSync(css);
    },
  });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((item) => item !== sheet);
    HTMLElement.prototype.remove.call(element);
  };
  return element;
}

function quietMaker(): Maker {
  const make: Maker = document.createElement.bind(document);
  return (tag, options) => (tag === 'style' ? sheetElement(make) : make(tag, options));
}

/** The document for xterm's option `documentOverride`: its renderers ask it for their <style> elements. */
export function quietDocument(): Document {
  const methods = new Map<PropertyKey, unknown>([['createElement', quietMaker()]]);
  return new Proxy(document, {
    get(target, key) {
      if (methods.has(key)) return methods.get(key);
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const bound: unknown = (value as (...args: unknown[]) => unknown).bind(target);
      methods.set(key, bound);
      return bound;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

/** Runs `open` while the page's own createElement gives stand-ins too: xterm's viewport does not ask documentOverride. */
export function withQuietStyles(open: () => void): void {
  Object.defineProperty(document, 'createElement', { value: quietMaker(), configurable: true });
  try {
    open();
  } finally {
    Reflect.deleteProperty(document, 'createElement');
  }
}

/**
 * The cells of the DOM renderer are spans with setAttribute('style', …), made by the page's own document. For spans that
 * call goes through the CSSOM from now on, which means the same.
 */
export function quietSpans(): void {
  const span = HTMLSpanElement.prototype;
  if (Object.hasOwn(span, 'setAttribute')) return;
  Object.defineProperty(span, 'setAttribute', {
    configurable: true,
    writable: true,
    value(this: HTMLElement, name: string, value: string): void {
      if (name === 'style') this.style.cssText = value;
      else Element.prototype.setAttribute.call(this, name, value);
    },
  });
}
