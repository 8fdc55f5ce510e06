import { CloseButton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";

interface SearchBoxProps {
  /** Accessible name: what is searched. */
  label: string;
  /** Placeholder; the label by default. */
  placeholder?: string;
  value: string;
  onChange: (text: string) => void;
  className?: string | undefined;
  maxLength?: number;
}

/** A page's search field, focused by its shortcut, with a clear button. */
export function SearchBox({ label, placeholder = label, value, onChange, ...rest }: SearchBoxProps) {
  return (
    <TextInput
      size="xs"
      data-page-search
      aria-label={label}
      placeholder={placeholder}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={
        value === "" ? null : <CloseButton size="xs" aria-label="Clear the search" onClick={() => onChange("")} />
      }
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...rest}
    />
  );
}
