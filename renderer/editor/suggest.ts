import type { SchemaGuide, Segment } from "./json-schema.ts";
import { placesAt } from "./yaml-place.ts";

/** Names known to the lab, which a scenario can use. */
export interface KnownNames {
  services: readonly string[];
  links: readonly string[];
  /** Fault kinds whose value is a link. */
  linkFaults: readonly string[];
  /** Fault kinds on services that the stack's driver supports; empty while unknown. */
  serviceFaults: readonly string[];
  protections: readonly string[];
}

export interface Suggestion {
  label: string;
  /** The inserted text. */
  inserts: string;
  is: "key" | "value";
  kind: string;
  description: string;
  /** Required ones are listed first. */
  isRequired: boolean;
}

export interface Suggestions {
  from: number;
  to: number;
  options: Suggestion[];
}

/** Suggestions at an offset of a scenario's text; undefined when there are none. */
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
      .filter(({ key, description }) => isSupported(names, at, key, description))
      .map(({ key, kind, description, isRequired }) => ({
        label: key,
        inserts: hasColon ? key : `${lead}${key}: `,
        is: "key" as const,
        kind,
        description,
        isRequired,
      }));
  const own = offer("", path);
  // Under a key whose value is a list, a new item is offered.
  return own.length > 0 || present.length > 0 ? own : offer("- ", [...path, { item: true }]);
}

/** False for a fault on a service that the driver does not support. */
function isSupported(names: KnownNames, path: readonly Segment[], key: string, description: string): boolean {
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
  const known = guide.values(path).map((scalar) => value(scalar, ""));
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
