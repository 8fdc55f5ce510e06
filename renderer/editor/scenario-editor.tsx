import { useComputedColorScheme } from "@mantine/core";
import { type RefObject, useEffect, useRef } from "react";
import type { Problem } from "../../electron/contract/errors.ts";
import { type EditorHandle, openEditor } from "./code-editor.ts";
import type { SchemaGuide } from "./json-schema.ts";
import type { KnownNames } from "./suggest.ts";

interface ScenarioEditorProps {
  initial: string;
  isReadOnly: boolean;
  /** Initial offset of the cursor; undefined without focus. */
  caret: number | undefined;
  problems: readonly Problem[];
  guide: SchemaGuide | undefined;
  names: KnownNames;
  onChange: (source: string) => void;
  onSave: () => void;
  /** Set while the editor is mounted. */
  handle: RefObject<EditorHandle | undefined>;
}

/** A YAML editor with completion from the scenario schema and marked problems. */
export function ScenarioEditor(props: ScenarioEditorProps) {
  const { initial, isReadOnly, problems, handle } = props;
  const container = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const isDark = useComputedColorScheme("light") === "dark";

  useEffect(() => {
    if (container.current === null) return;
    const editor = openEditor(container.current, {
      text: initial,
      isReadOnly,
      caret: latest.current.caret,
      guide: () => latest.current.guide,
      names: () => latest.current.names,
      onChange: (text) => latest.current.onChange(text),
      onSave: () => latest.current.onSave(),
    });
    handle.current = editor;
    return () => {
      handle.current = undefined;
      editor.close();
    };
  }, [initial, isReadOnly, handle]);

  // Both are applied again to a recreated editor.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => handle.current?.setDark(isDark), [isDark, initial, isReadOnly, handle]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => handle.current?.mark(problems), [problems, initial, isReadOnly, handle]);

  return <div ref={container} style={{ height: "100%", minHeight: 0 }} />;
}
