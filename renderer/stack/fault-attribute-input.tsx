import { Select, TextInput } from "@mantine/core";
import type { FaultAttribute } from "../../electron/contract/faults.ts";

interface FaultAttributeInputProps {
  attribute: FaultAttribute;
  value: string;
  onChange: (value: string) => void;
}

export function FaultAttributeInput({ attribute, value, onChange }: FaultAttributeInputProps) {
  const { name, type, choices, required, description } = attribute;
  const shared = { size: "xs", label: name, description, required } as const;
  if (type === "choice") {
    return (
      <Select
        {...shared}
        data={choices.map(String)}
        value={value || null}
        onChange={(chosen) => onChange(chosen ?? "")}
      />
    );
  }
  return (
    <TextInput
      {...shared}
      placeholder={type === "duration" ? "500ms, 5s" : ""}
      inputMode={type === "number" || type === "whole number" ? "decimal" : "text"}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
