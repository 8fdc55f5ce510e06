import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab, redo } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightSpecialChars,
  hoverTooltip,
  keymap,
  lineNumbers,
  type Tooltip,
} from "@codemirror/view";
import type { Problem } from "../../electron/contract/errors.ts";
import { styleNonce } from "../ui/style-nonce.ts";
import { EDITOR_LOOK } from "./editor-look.ts";
import type { SchemaGuide } from "./json-schema.ts";
import { rangeOf } from "./problem-range.ts";
import { type KnownNames, suggest } from "./suggest.ts";
import { keyAt } from "./yaml-place.ts";

interface EditorWishes {
  text: string;
  isReadOnly: boolean;
  /** Where a person is writing; undefined while the focus is elsewhere. */
  caret: number | undefined;
  /** Undefined until the schema is here: there is no completion then. */
  guide: () => SchemaGuide | undefined;
  names: () => KnownNames;
  onChange: (text: string) => void;
  onSave: () => void;
}

export interface EditorHandle {
  /** Where a person is writing; undefined while the focus is elsewhere. */
  caret(): number | undefined;
  mark(problems: readonly Problem[]): void;
  goTo(problem: Problem): void;
  setDark(isDark: boolean): void;
  close(): void;
}

/** CodeMirror, set up for a scenario. Its styles are let in by the page's nonce. */
export function openEditor(parent: HTMLElement, wishes: EditorWishes): EditorHandle {
  const darkness = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: wishes.text,
      extensions: [
        EditorView.cspNonce.of(styleNonce()),
        darkness.of(EditorView.darkTheme.of(false)),
        EditorState.readOnly.of(wishes.isReadOnly),
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        highlightSpecialChars(),
        bracketMatching(),
        closeBrackets(),
        indentUnit.of("  "),
        yaml(),
        lintGutter(),
        autocompletion({
          override: [(context) => complete(context, wishes)],
          icons: false,
          // A key that was chosen is followed by what may be its value.
          activateOnCompletion: ({ type }) => type === "property",
        }),
        hoverTooltip((shown, offset) => explain(shown, offset, wishes.guide())),
        keymap.of([
          { key: "Mod-s", run: saying(wishes.onSave), preventDefault: true },
          // Outside this editor these keys undo every fault: here they never do, also when there is nothing to redo.
          { key: "Mod-Shift-z", run: redo, preventDefault: true },
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...lintKeymap,
          indentWithTab,
        ]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-label": wishes.isReadOnly ? "The scenario as YAML, to be read" : "The scenario as YAML",
          "aria-describedby": EDITOR_HINT_ID,
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) wishes.onChange(update.state.doc.toString());
        }),
        EDITOR_LOOK,
      ],
    }),
  });
  if (wishes.caret !== undefined) {
    view.dispatch({ selection: { anchor: Math.min(wishes.caret, view.state.doc.length) }, scrollIntoView: true });
    view.focus();
  }
  return {
    caret: () => (view.hasFocus ? view.state.selection.main.head : undefined),
    mark(problems) {
      const marks = problems.map((problem) => ({
        ...rangeOf(view.state.doc, problem),
        severity: "error" as const,
        message: problem.message,
      }));
      view.dispatch(setDiagnostics(view.state, marks));
    },
    goTo(problem) {
      const { from } = rangeOf(view.state.doc, problem);
      view.dispatch({ selection: { anchor: from }, scrollIntoView: true });
      view.focus();
    },
    setDark: (isDark) => view.dispatch({ effects: darkness.reconfigure(EditorView.darkTheme.of(isDark)) }),
    close: () => view.destroy(),
  };
}

/** Of the element that tells how the editor is left by keyboard. */
export const EDITOR_HINT_ID = "editor-keys";

function saying(act: () => void): () => boolean {
  return () => {
    act();
    return true;
  };
}

/** Without a word begun, only where a value, an item or a map on one line is waiting to be filled. */
const WAITS_FOR_WORD = /(:|-|\{|,)[ \t]+$/;

function complete(context: CompletionContext, { guide, names }: EditorWishes): CompletionResult | null {
  const known = guide();
  if (known === undefined || context.state.readOnly) return null;
  const found = suggest(known, names(), context.state.doc.toString(), context.pos);
  if (found === undefined) return null;
  const isEmpty = found.from === context.pos;
  if (isEmpty && !context.explicit && context.matchBefore(WAITS_FOR_WORD) === null) return null;
  return {
    from: found.from,
    to: found.to,
    validFor: /^[\w-]*$/,
    options: found.options.map(({ label, inserts, is, kind, description, isRequired }) => ({
      label,
      apply: inserts,
      type: is === "key" ? "property" : "constant",
      detail: isRequired ? `${kind}, required` : kind,
      ...(description === "" ? {} : { info: description }),
      boost: isRequired ? 1 : 0,
    })),
  };
}

function explain(view: EditorView, offset: number, guide: SchemaGuide | undefined): Tooltip | null {
  const key = guide === undefined ? undefined : keyAt(view.state.doc.toString(), offset);
  const told = key === undefined ? undefined : guide?.describe(key.path);
  if (key === undefined || told === undefined || told.kind + told.description === "") return null;
  return {
    pos: key.from,
    end: key.to,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-key-hint";
      const kind = document.createElement("b");
      kind.textContent = told.kind;
      dom.append(kind, told.description === "" ? "" : ` ${told.description}`);
      return { dom };
    },
  };
}
