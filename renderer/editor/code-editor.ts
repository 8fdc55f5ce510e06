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

interface EditorOptions {
  text: string;
  isReadOnly: boolean;
  /** Offset of the cursor; undefined without focus. */
  caret: number | undefined;
  /** Undefined until the schema is loaded: without it there is no completion. */
  guide: () => SchemaGuide | undefined;
  names: () => KnownNames;
  onChange: (text: string) => void;
  onSave: () => void;
}

export interface EditorHandle {
  /** Offset of the cursor; undefined without focus. */
  caret(): number | undefined;
  mark(problems: readonly Problem[]): void;
  goTo(problem: Problem): void;
  setDark(isDark: boolean): void;
  close(): void;
}

/** CodeMirror set up for scenarios. Its styles use the page's nonce. */
export function openEditor(parent: HTMLElement, options: EditorOptions): EditorHandle {
  const darkness = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        EditorView.cspNonce.of(styleNonce()),
        darkness.of(EditorView.darkTheme.of(false)),
        EditorState.readOnly.of(options.isReadOnly),
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
          override: [(context) => complete(context, options)],
          icons: false,
          // After a chosen key its values are offered.
          activateOnCompletion: ({ type }) => type === "property",
        }),
        hoverTooltip((shown, offset) => explain(shown, offset, options.guide())),
        keymap.of([
          { key: "Mod-s", run: handled(options.onSave), preventDefault: true },
          // Outside the editor these keys undo every fault; in the editor never, even if there is nothing to redo.
          { key: "Mod-Shift-z", run: redo, preventDefault: true },
          ...closeBracketsKeymap,
          ...defaultKeymap,
          ...historyKeymap,
          ...lintKeymap,
          indentWithTab,
        ]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-label": options.isReadOnly ? "Scenario YAML, read-only" : "Scenario YAML",
          "aria-describedby": EDITOR_HINT_ID,
          // Says what is so already: checkers take a frame that scrolls for unreachable otherwise.
          tabindex: "0",
        }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onChange(update.state.doc.toString());
        }),
        EDITOR_LOOK,
      ],
    }),
  });
  if (options.caret !== undefined) {
    view.dispatch({ selection: { anchor: Math.min(options.caret, view.state.doc.length) }, scrollIntoView: true });
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

/** Id of the element that describes the editor's keys. */
export const EDITOR_HINT_ID = "editor-keys";

function handled(act: () => void): () => boolean {
  return () => {
    act();
    return true;
  };
}

/** Without a typed word, completion opens only at an empty value, item or inline map. */
const EMPTY_POSITION = /(:|-|\{|,)[ \t]+$/;

function complete(context: CompletionContext, { guide, names }: EditorOptions): CompletionResult | null {
  const known = guide();
  if (known === undefined || context.state.readOnly) return null;
  const found = suggest(known, names(), context.state.doc.toString(), context.pos);
  if (found === undefined) return null;
  const isEmpty = found.from === context.pos;
  if (isEmpty && !context.explicit && context.matchBefore(EMPTY_POSITION) === null) return null;
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
  const hint = key === undefined ? undefined : guide?.describe(key.path);
  if (key === undefined || hint === undefined || hint.kind + hint.description === "") return null;
  return {
    pos: key.from,
    end: key.to,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-key-hint";
      const kind = document.createElement("b");
      kind.textContent = hint.kind;
      dom.append(kind, hint.description === "" ? "" : ` ${hint.description}`);
      return { dom };
    },
  };
}
