// xterm.js writes its colours and sizes into <style> elements and style attributes, which this site's CSP forbids
// (style-src 'self'). Constructed style sheets and the CSSOM say the same and are allowed, so xterm is handed a
// document whose createElement gives stand-ins that use those.

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

/** setAttribute('style', …) by way of the CSSOM. */
function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value;
  else Element.prototype.setAttribute.call(this, name, value);
}

function createElement(make: Maker, tag: string, options?: ElementCreationOptions): HTMLElement {
  if (tag === 'style') return sheetElement(make);
  const element = make(tag, options);
  if (tag === 'span') element.setAttribute = setAttribute;
  return element;
}

/** The document for xterm's option `documentOverride`. */
export function quietDocument(): Document {
  const make: Maker = document.createElement.bind(document);
  const methods = new Map<PropertyKey, unknown>([
    ['createElement', (tag: string, options?: ElementCreationOptions) => createElement(make, tag, options)],
  ]);
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
  const make: Maker = document.createElement.bind(document);
  const quiet = (tag: string, options?: ElementCreationOptions): HTMLElement => createElement(make, tag, options);
  Object.defineProperty(document, 'createElement', { value: quiet, configurable: true });
  try {
    open();
  } finally {
    Reflect.deleteProperty(document, 'createElement');
  }
}
