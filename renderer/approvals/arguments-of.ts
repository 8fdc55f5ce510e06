import { isObject } from "../../electron/model/json.ts";
import { visibleText } from "../../electron/model/visible-text.ts";

export interface Argument {
  name: string;
  text: string;
}

/** Arguments as text; a value that is not an object becomes one without a name. */
export function argumentsOf(value: unknown): Argument[] {
  if (!isObject(value)) {
    return value === undefined ? [] : [{ name: "", text: textOf(value) }];
  }
  return Object.entries(value).map(([name, each]) => ({ name: visibleText(name), text: textOf(each) }));
}

/** On one line, for a list. */
export function argumentsInOneLine(value: unknown): string {
  return argumentsOf(value)
    .map(({ name, text }) => (name === "" ? text : `${name}: ${text}`))
    .join(", ")
    .replaceAll(/\s+/g, " ");
}

function textOf(value: unknown): string {
  return visibleText(typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "nothing"));
}
