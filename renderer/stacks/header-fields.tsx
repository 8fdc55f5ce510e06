import { Textarea } from "@mantine/core";
import { useState } from "react";
import { type DescribedHeader, describedHeader } from "../../electron/contract/stacks.ts";
import classes from "./services-page.module.css";

/** For a value that only the file has: it may be a secret. */
const HIDDEN = "(as in the file)";

/** Headers, one a line, with a variable for what is secret. */
export function HeaderFields({
  headers,
  onChange,
}: {
  headers: readonly DescribedHeader[];
  onChange: (headers: DescribedHeader[]) => void;
}) {
  const [typed, setTyped] = useState<string>();
  const isOwn = typed !== undefined && JSON.stringify(read(typed)) === JSON.stringify(headers);
  const text = isOwn ? typed : headers.map(({ name, value }) => `${name}: ${value ?? HIDDEN}`).join("\n");
  const wrong = headers.find((each) => !describedHeader.safeParse(each).success);
  return (
    <Textarea
      size="xs"
      className={classes.headers ?? ""}
      label="Headers"
      placeholder="Authorization: Bearer ${TOKEN}"
      autosize
      minRows={1}
      value={text}
      spellCheck={false}
      // biome-ignore lint/suspicious/noTemplateCurlyInString: shown as a person writes it
      error={wrong && "One a line, with a variable: Name: ${VARIABLE}"}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        onChange(read(event.currentTarget.value));
      }}
    />
  );
}

function read(text: string): DescribedHeader[] {
  return text.split("\n").flatMap((line) => {
    if (line.trim() === "") return [];
    const at = line.indexOf(":");
    const [name, value] = at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
    return [{ name: name.trim(), value: value.trim() === HIDDEN ? null : value.trim() }];
  });
}
