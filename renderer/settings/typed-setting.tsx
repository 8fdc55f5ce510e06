import { Loader, NumberInput, TextInput } from "@mantine/core";
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

/** Kept when the field is left or Enter is pressed, and only when it is well; Escape brings back what was kept. */
export function TypedSetting({ name, help, because, value, isNumber = false, onKeep, problemOf }: TypedSettingProps) {
  const [text, setText] = useState(value);
  const [isKeeping, setKeeping] = useState(false);
  useEffect(() => setText(value), [value]);
  const problem = problemOf(text);
  const keep = () => {
    if (problem !== undefined || text === value || isKeeping) return;
    setKeeping(true);
    void onKeep(text).finally(() => setKeeping(false));
  };
  const shared = {
    size: "xs" as const,
    w: 220,
    error: problem,
    rightSection: isKeeping ? <Loader size={12} aria-label="Being kept" /> : undefined,
    onBlur: keep,
    onKeyDown: ({ key }: { key: string }) => {
      if (key === "Enter") keep();
      if (key === "Escape") setText(value);
    },
  };
  return (
    <Setting name={name} help={help} because={because}>
      {(described) =>
        isNumber ? (
          <NumberInput
            {...shared}
            {...described}
            hideControls={isKeeping}
            allowDecimal={false}
            allowNegative={false}
            value={text}
            onChange={(next) => setText(String(next))}
          />
        ) : (
          <TextInput {...shared} {...described} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        )
      }
    </Setting>
  );
}
