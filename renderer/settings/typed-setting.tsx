import { Loader, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import { Setting } from "./setting.tsx";

interface TypedSettingProps {
  name: string;
  help: string;
  because: string | undefined;
  value: string;
  isNumber?: boolean;
  onKeep: (text: string) => Promise<unknown>;
  problemOf: (text: string) => string | undefined;
}

/** Saved without surrounding spaces on blur or Enter if valid; Escape restores the saved value. */
export function TypedSetting({ name, help, because, value, isNumber, onKeep, problemOf }: TypedSettingProps) {
  const [text, setText] = useState(value);
  const [isKeeping, setKeeping] = useState(false);
  useEffect(() => setText(value), [value]);
  const wanted = text.trim();
  const problem = problemOf(wanted);
  const keep = () => {
    if (problem !== undefined || isKeeping) return;
    setText(wanted);
    if (wanted === value) return;
    setKeeping(true);
    void onKeep(wanted).finally(() => setKeeping(false));
  };
  return (
    <Setting name={name} help={help} because={because}>
      {(described) => (
        <TextInput
          {...described}
          size="xs"
          w={220}
          // Not a number field, which drops characters: 10.5 would silently become 105.
          inputMode={isNumber ? "numeric" : "text"}
          error={problem}
          rightSection={isKeeping ? <Loader size={12} aria-label="Saving" /> : undefined}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onBlur={keep}
          onKeyDown={({ key }) => {
            if (key === "Enter") keep();
            if (key === "Escape") setText(value);
          }}
        />
      )}
    </Setting>
  );
}
