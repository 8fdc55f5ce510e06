import { useComputedColorScheme } from "@mantine/core";
import { type RefObject, useEffect, useRef } from "react";
import type { Problem } from "../../electron/contract/errors.ts";
import { type EditorHandle, openEditor } from "./code-editor.ts";
import type { SchemaGuide } from "./json-schema.ts";
import type { KnownNames } from "./suggest.ts";

interface ScenarioEditorProps {
  initial: string;
  isReadOnly: boolean;
  /** Where a person is writing when this is shown; undefined while the focus is elsewhere. */
  caret: number | undefined;
  problems: readonly Problem[];
  guide: SchemaGuide | undefined;
  names: KnownNames;
  onChange: (source: string) => void;
  onSave: () => void;
  /** Set while the editor is shown. */
  handle: RefObject<EditorHandle | undefined>;
}

/** A YAML editor that completes from the scenario's schema and marks what is wrong where it is wrong. */
export function ScenarioEditor(props: ScenarioEditorProps) {
  const { initial, isReadOnly, problems, handle } = props;
  const place = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const isDark = useComputedColorScheme("light") === "dark";

  useEffect(() => {
    if (place.current === null) return;
    const editor = openEditor(place.current, {
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

  // Both are told again to an editor that was opened anew.
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => handle.current?.setDark(isDark), [isDark, initial, isReadOnly, handle]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as said
  useEffect(() => handle.current?.mark(problems), [problems, initial, isReadOnly, handle]);

  return <div ref={place} style={{ height: "100%", minHeight: 0 }} />;
}
