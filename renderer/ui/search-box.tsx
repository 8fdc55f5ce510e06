import { CloseButton, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";

interface SearchBoxProps {
  /** What is searched, as it is told to those who do not see it. */
  label: string;
  /** What to write there; the label by default. */
  placeholder?: string;
  value: string;
  onChange: (text: string) => void;
  className?: string | undefined;
  maxLength?: number;
}

/** A page's search, which its shortcut leads to, with a button that clears it. */
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
