// The code editor: a chunk of its own, fetched with the first editor that is shown.
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, StreamLanguage, syntaxHighlighting } from '@codemirror/language';
import { dockerFile } from '@codemirror/legacy-modes/mode/dockerfile';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { EditorState, StateEffect, StateField, type Extension } from '@codemirror/state';
import { Decoration, drawSelection, EditorView, keymap, lineNumbers, placeholder, type DecorationSet } from '@codemirror/view';
import { tags } from '@lezer/highlight';

export type Syntax = 'shell' | 'dockerfile';

export interface Editor {
  setText(text: string): void;
  /** Marks the line at which a build stopped, and shows it; null for none. */
  mark(line: number | null): void;
  describe(label: string, describedBy: string, invalid: boolean): void;
  focus(): void;
  destroy(): void;
}

export interface EditorOptions {
  text: string;
  syntax: Syntax;
  hint: string;
  onchange: (text: string) => void;
}

const markLine = StateEffect.define<number | null>();
const marked = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(value, { effects, changes, state }) {
    let next = value.map(changes);
    for (const effect of effects) {
      if (!effect.is(markLine)) continue;
      const at = effect.value;
      next = at === null || at < 1 || at > state.doc.lines ? Decoration.none : Decoration.set([Decoration.line({ class: 'cm-failed' }).range(state.doc.line(at).from)]);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '13.5px', color: 'var(--ink)', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', fontVariantLigatures: 'none', lineHeight: '1.6', overflow: 'auto' },
  '.cm-content': { padding: '10px 0', caretColor: 'var(--ink)', minHeight: '100%' },
  '.cm-line': { padding: '0 14px 0 6px' },
  '.cm-gutters': { backgroundColor: 'transparent', border: '0', color: 'var(--muted)' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 6px 0 12px', minWidth: '34px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)', borderLeftWidth: '2px' },
  '.cm-placeholder': { color: 'var(--muted)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { background: 'color-mix(in srgb, var(--accent) 24%, transparent) !important' },
  '.cm-failed': { backgroundColor: 'var(--bad-wash)', boxShadow: 'inset 3px 0 var(--bad)' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--sunk)', outline: '1px solid var(--line-strong)' },
});

const colours = syntaxHighlighting(HighlightStyle.define([
  { tag: tags.comment, color: 'var(--muted)' },
  { tag: [tags.keyword, tags.controlKeyword], color: 'var(--accent-ink)', fontWeight: '650' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.standard(tags.variableName), tags.standard(tags.name)], color: 'var(--hue-ink-5)' },
  { tag: [tags.definition(tags.variableName), tags.definition(tags.name), tags.variableName], color: 'var(--hue-ink-6)' },
  { tag: [tags.number, tags.atom], color: 'var(--hue-ink-4)' },
  { tag: tags.attributeName, color: 'var(--warn)' },
]));

/**
 * Puts an editor into `host`. It stands in a shadow root: there CodeMirror hands its styles to the browser as constructed
 * style sheets, which the site's content security policy allows; in the document itself it would write a <style>.
 */
export function edit(host: HTMLElement, { text, syntax, hint, onchange }: EditorOptions): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  let quiet = false;
  const extensions: Extension[] = [
    lineNumbers(), history(), drawSelection(), bracketMatching(), EditorView.lineWrapping, marked, look, colours, placeholder(hint),
    StreamLanguage.define(syntax === 'shell' ? shell : dockerFile),
    keymap.of([indentWithTab, ...defaultKeymap, ...historyKeymap]),
    EditorState.tabSize.of(4),
    // Typing over a selection: left to the browser, it would copy styles into style attributes, which the policy forbids.
    EditorView.domEventHandlers({
      beforeinput: (event, view) => {
        if (event.inputType !== 'insertText' || event.data === null || view.state.selection.main.empty) return false;
        view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type' });
        event.preventDefault();
        return true;
      },
    }),
    EditorView.updateListener.of((update) => {
      if (!update.docChanged || quiet) return;
      onchange(update.state.doc.toString());
    }),
  ];
  const view = new EditorView({ root, parent: root, state: EditorState.create({ doc: text, extensions }) });
  // Lines that were measured before their font had come stand beside other numbers.
  const measure = (): void => view.requestMeasure();
  document.fonts.addEventListener('loadingdone', measure);
  return {
    setText: (next) => {
      if (next === view.state.doc.toString()) return;
      quiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } });
      quiet = false;
    },
    mark: (line) => {
      const there = line !== null && line >= 1 && line <= view.state.doc.lines;
      view.dispatch({ effects: [markLine.of(line), ...(there ? [EditorView.scrollIntoView(view.state.doc.line(line).from, { y: 'center' })] : [])] });
    },
    describe: (label, describedBy, invalid) => {
      const content = view.contentDOM;
      content.setAttribute('aria-label', describedBy ? `${label}. ${describedBy}` : label);
      if (invalid) content.setAttribute('aria-invalid', 'true');
      else content.removeAttribute('aria-invalid');
    },
    focus: () => view.focus(),
    destroy: () => {
      document.fonts.removeEventListener('loadingdone', measure);
      view.destroy();
    },
  };
}
