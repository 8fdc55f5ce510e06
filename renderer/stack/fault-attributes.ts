import type { FaultAttribute, FaultKindInfo } from "../../electron/contract/faults.ts";

/** Typed values by attribute name. */
export type FaultValues = Record<string, string>;

/** Values as in a scenario: numbers as numbers, everything else as text; omitted ones have their default. */
export function attributesOf(kind: FaultKindInfo, values: FaultValues): Record<string, string | number> {
  const given = kind.attributes.filter(({ name }) => (values[name] ?? "") !== "");
  return Object.fromEntries(given.map((attribute) => [attribute.name, read(attribute, values[attribute.name] ?? "")]));
}

function read({ type, choices }: FaultAttribute, text: string): string | number {
  if (type === "choice") return choices.find((choice) => String(choice) === text) ?? text;
  const number = Number(text);
  return type !== "text" && type !== "duration" && Number.isFinite(number) ? number : text;
}
