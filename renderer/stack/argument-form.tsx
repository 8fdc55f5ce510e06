import { Checkbox, Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import type { ArgumentField } from "./argument-fields.ts";
import classes from "./argument-form.module.css";
import { problemOf, shownValue, typedValue } from "./argument-values.ts";

type Arguments = Readonly<Record<string, unknown>>;

interface ArgumentFormProps {
  fields: readonly ArgumentField[];
  value: Arguments;
  onChange: (value: Arguments) => void;
}

/** A labelled field for each argument of a tool. What its schema does not name is kept as it is. */
export function ArgumentForm({ fields, value, onChange }: ArgumentFormProps) {
  // As typed: a value has no "1." on the way to "1.5".
  const [typed, setTyped] = useState<Record<string, string>>({});
  const set = (name: string, argument: unknown) => {
    const { [name]: _, ...others } = value;
    onChange(argument === undefined ? others : { ...value, [name]: argument });
  };
  const others = Object.keys(value).filter((name) => !fields.some((field) => field.name === name));
  return (
    <fieldset className={classes.form} aria-label="Arguments">
      {fields.length === 0 && <p className={classes.note}>This tool takes no arguments.</p>}
      {fields.map((field) => {
        const { name } = field;
        const argument = value[name];
        const text = typed[name];
        // What nobody has filled in yet is said by its mark, and by the button.
        const isUntouched = text === undefined && (argument === undefined || argument === "");
        return (
          <ArgumentInput
            key={name}
            field={field}
            text={text ?? shownValue(field, argument)}
            isChecked={argument === true}
            error={isUntouched ? undefined : problemOf(field, argument)}
            onText={(next) => {
              setTyped({ ...typed, [name]: next });
              set(name, typedValue(field, next));
            }}
            onChecked={(next) => set(name, next)}
          />
        );
      })}
      {others.length > 0 && (
        <p className={classes.note}>Sent too, and not named by the tool's schema: {others.join(", ")} (see JSON).</p>
      )}
    </fieldset>
  );
}

interface ArgumentInputProps {
  field: ArgumentField;
  text: string;
  isChecked: boolean;
  error: string | undefined;
  onText: (text: string) => void;
  onChecked: (isChecked: boolean) => void;
}

function ArgumentInput({ field, text, isChecked, error, onText, onChecked }: ArgumentInputProps) {
  const { name, help, isRequired } = field;
  const shared = { size: "xs", label: name, description: help, error } as const;
  const required = { ...shared, required: isRequired };
  switch (field.type) {
    case "boolean":
      return <Checkbox {...shared} checked={isChecked} onChange={(event) => onChecked(event.currentTarget.checked)} />;
    case "choice": {
      const choices = [...new Set(field.choices.map((choice) => JSON.stringify(choice)))];
      const label = (choice: string) => (choice === '""' ? "(empty)" : choice.replace(/^"(.*)"$/s, "$1"));
      return (
        <Select
          {...required}
          data={choices.map((choice) => ({ value: choice, label: label(choice) }))}
          placeholder="None"
          clearable={!isRequired}
          allowDeselect={!isRequired}
          value={text === "" ? null : text}
          onChange={(choice) => onText(choice ?? "")}
        />
      );
    }
    case "number":
      return (
        <TextInput
          {...required}
          inputMode={field.isWhole ? "numeric" : "decimal"}
          value={text}
          onChange={(event) => onText(event.currentTarget.value)}
        />
      );
    case "text":
    case "json":
      return (
        <Textarea
          {...required}
          data-monospace={field.type === "json" || undefined}
          autosize
          minRows={1}
          maxRows={8}
          value={text}
          onChange={(event) => onText(event.currentTarget.value)}
        />
      );
  }
}
