import type { FaultAttribute, FaultKindInfo } from "../../electron/contract/faults.ts";

/** What a person has typed, by the attribute's name. */
export type FaultValues = Record<string, string>;

/** As a scenario writes them: numbers as numbers, all else as text; what is left out has its default. */
export function attributesOf(kind: FaultKindInfo, values: FaultValues): Record<string, string | number> {
  const said = kind.attributes.filter(({ name }) => (values[name] ?? "") !== "");
  return Object.fromEntries(said.map((attribute) => [attribute.name, read(attribute, values[attribute.name] ?? "")]));
}

function read({ type, choices }: FaultAttribute, text: string): string | number {
  if (type === "choice") return choices.find((choice) => String(choice) === text) ?? text;
  const number = Number(text);
  return type !== "text" && type !== "duration" && Number.isFinite(number) ? number : text;
}
