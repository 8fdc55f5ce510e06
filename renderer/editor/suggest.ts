import type { SchemaGuide, Segment } from "./json-schema.ts";
import { placesAt } from "./yaml-place.ts";

/** The names that the lab knows: what a scenario may break. */
export interface KnownNames {
  services: readonly string[];
  links: readonly string[];
  /** Of faults, whose key takes the name of a link. */
  linkFaults: readonly string[];
  /** Faults on services that the stack's driver can do; empty while that is not known. */
  serviceFaults: readonly string[];
  protections: readonly string[];
}

export interface Suggestion {
  label: string;
  /** What is put in its place. */
  inserts: string;
  is: "key" | "value";
  kind: string;
  description: string;
  /** Those that must be there come first. */
  isRequired: boolean;
}

export interface Suggestions {
  from: number;
  to: number;
  options: Suggestion[];
}

/** What may be written at an offset of a scenario's text; undefined when nothing is known to fit. */
export function suggest(guide: SchemaGuide, names: KnownNames, text: string, offset: number): Suggestions | undefined {
  const places = placesAt(text, offset);
  const [first] = places;
  if (first === undefined) return undefined;
  const options = places.flatMap(({ writes, path, present, hasColon }): Suggestion[] =>
    writes === "key" ? keys(guide, names, path, present, hasColon) : values(guide, names, path),
  );
  return options.length === 0 ? undefined : { from: first.from, to: first.to, options };
}

function keys(
  guide: SchemaGuide,
  names: KnownNames,
  path: readonly Segment[],
  present: readonly string[],
  hasColon: boolean,
): Suggestion[] {
  const offer = (lead: string, at: readonly Segment[]) =>
    guide
      .keys(at, present)
      .filter(({ key, description }) => canBeDone(names, at, key, description))
      .map(({ key, kind, description, isRequired }) => ({
        label: key,
        inserts: hasColon ? key : `${lead}${key}: `,
        is: "key" as const,
        kind,
        description,
        isRequired,
      }));
  const own = offer("", path);
  // Under a key whose value is a list, an item is begun.
  return own.length > 0 || present.length > 0 ? own : offer("- ", [...path, { item: true }]);
}

/** False for a fault on a service that the driver cannot do. */
function canBeDone(names: KnownNames, path: readonly Segment[], key: string, description: string): boolean {
  const last = path.at(-1);
  if (names.serviceFaults.length === 0 || last === undefined || !("key" in last) || last.key !== "fault") return true;
  return !/^a service of\b/.test(description) || names.serviceFaults.includes(key);
}

function values(guide: SchemaGuide, names: KnownNames, path: readonly Segment[]): Suggestion[] {
  const value = (label: string, kind: string): Suggestion => ({
    label,
    inserts: label,
    is: "value",
    kind,
    description: "",
    isRequired: false,
  });
  const known = guide.values(path).map((word) => value(word, ""));
  return [...known, ...namesFor(guide, names, path).map(({ name, kind }) => value(name, kind))];
}

function namesFor(guide: SchemaGuide, names: KnownNames, path: readonly Segment[]): { name: string; kind: string }[] {
  const of = (kind: string, list: readonly string[]) => list.map((name) => ({ name, kind }));
  const last = path.at(-1);
  const key = last !== undefined && "key" in last ? last.key : "";
  if (key === "protection") return of("protection", names.protections);
  if (names.linkFaults.includes(key) || key === "link") return of("link", names.links);
  const { description = "" } = guide.describe(path) ?? {};
  return /\ba service of\b/.test(description) || key === "service" || key === "warm"
    ? of("service", names.services)
    : [];
}
