import { Select, type SelectProps } from "@mantine/core";

interface FilterSelectProps extends Pick<SelectProps, "data" | "searchable" | "nothingFoundMessage" | "className"> {
  /** What it filters by, as it is told to those who do not see it. */
  label: string;
  /** What stands there, and what its button chooses, when it does not filter: "Any driver". */
  any: string;
  value: string | null;
  onChange: (value: string | null) => void;
}

/** One of several values to filter by, or none. */
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
