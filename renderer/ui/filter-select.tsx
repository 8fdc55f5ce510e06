import { Select, type SelectProps } from "@mantine/core";

interface FilterSelectProps extends Pick<SelectProps, "data" | "searchable" | "nothingFoundMessage" | "className"> {
  /** Accessible name: what it filters by. */
  label: string;
  /** Placeholder and label of the clear button: "Any driver". */
  any: string;
  value: string | null;
  onChange: (value: string | null) => void;
}

/** A filter with one value or none. */
export function FilterSelect({ label, any, ...rest }: FilterSelectProps) {
  return (
    <Select
      size="xs"
      clearable
      aria-label={label}
      placeholder={any}
      clearButtonProps={{ "aria-label": any }}
      {...rest}
    />
  );
}
