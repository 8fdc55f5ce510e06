import type { Path } from "../documents/yaml-document.ts";
import type { Service, Stack } from "../stacks/stack-file.ts";
import { ROLES, type Role } from "../stacks/stack-schema.ts";
import { type Reference, referencesOf } from "./references.ts";
import type { Scenario } from "./schema.ts";

const PREFIX = "role:";

/** Which service of a stack stands for each role that a scenario names. */
export type Cast = Readonly<Partial<Record<Role, string>>>;

/** Something that a scenario names by role. */
export type ByRole = Reference & { kind: "service" | "link" };

/** A scenario on a stack: the names of its services and links are the stack's. */
export interface Resolved {
  scenario: Scenario;
  roles: Cast;
  /** What the stack has nothing for; it stays as it is written. */
  missing: readonly ByRole[];
}

type Services = Pick<Stack, "services" | "links">;

/**
 * Replaces each `role:ROLE` by the name of a service. One service stands for a role in all of a scenario: that of the first
 * link of the stack between the roles that the scenario has a link between; else the first that has a link with one chosen
 * already; else the first that has a link; else the first, in the order of start. What runs elsewhere stands for none:
 * it cannot be stopped.
 */
export function onStack(scenario: Scenario, stack: Services): Resolved {
  const named = namedByRole(scenario);
  if (named.length === 0) return { scenario, roles: {}, missing: [] };
  const roles = castOf(named, stack);
  const resolved = structuredClone(scenario);
  const missing: ByRole[] = [];
  for (const reference of named) {
    const name = nameOn(reference, roles, stack);
    if (name === undefined) missing.push(reference);
    else setAt(resolved, reference.path, name);
  }
  return { scenario: resolved, roles, missing };
}

/** All that a scenario names by role. */
export function namedByRole(scenario: Scenario): ByRole[] {
  const isByRole = (reference: Reference): reference is ByRole =>
    (reference.kind === "service" || reference.kind === "link") && rolesIn(reference.name).length > 0;
  return referencesOf(scenario).filter(isByRole);
}

/** The roles that a name is given by: one for a service, up to two for a link. */
export function rolesIn(name: string): string[] {
  return name.split("->").flatMap((end) => (end.startsWith(PREFIX) ? [end.slice(PREFIX.length)] : []));
}

/** What a scenario needs a stack to have: links by the roles of their ends, `gateway->mcp-server`, and the roles without one. */
export function neededRoles(scenario: Scenario): string[] {
  const names = [...new Set(namedByRole(scenario).map(({ name }) => name.replaceAll(PREFIX, "")))];
  const ends = names.filter((name) => name.includes("->")).flatMap((link) => link.split("->"));
  return names.filter((name) => !ends.includes(name));
}

/** What a stack lacks, as a sentence. */
export function describeMissing({ kind, name }: ByRole): string {
  const [from = "", to = ""] = name.replaceAll(PREFIX, "").split("->");
  return kind === "link"
    ? `this needs a link from ${from} to ${to}; the stack has none`
    : `this needs a service of the stack whose x-lab role is ${from}; the stack has none`;
}

/** `role:ROLE` in a text, by the names chosen. */
export function withNames(text: string, roles: Cast): string {
  return text.replaceAll(/role:([a-z-]*[a-z])/g, (written, role: string) => roles[role as Role] ?? written);
}

/** What is no role, with its place. */
export function unknownRoles(scenario: Scenario): { path: Path; message: string }[] {
  return namedByRole(scenario).flatMap(({ path, name }) =>
    rolesIn(name)
      .filter((role) => !isRole(role))
      .map((role) => ({ path, message: `"${role}" is no role; the roles are: ${ROLES.join(", ")}` })),
  );
}

const isRole = (text: string): text is Role => (ROLES as readonly string[]).includes(text);

function castOf(named: readonly ByRole[], { services, links }: Services): Cast {
  const chosen: Partial<Record<Role, string>> = {};
  const has = (role: Role) => (chosen[role] === undefined ? candidates(services, role) : [chosen[role]]);
  const isAt = (end: string, name: string) => {
    const [role] = rolesIn(end);
    return role === undefined ? end === name : isRole(role) && has(role).includes(name);
  };
  for (const { name } of named.filter(({ kind }) => kind === "link")) {
    const ends = name.split("->");
    const link = links.find(({ from, to }) => isAt(ends[0] ?? "", from) && isAt(ends[1] ?? "", to));
    if (link === undefined) continue;
    for (const [at, real] of [link.from, link.to].entries()) {
      const [role] = rolesIn(ends[at] ?? "");
      if (role !== undefined) chosen[role as Role] = real;
    }
  }
  for (const role of named.flatMap(({ name }) => rolesIn(name)).filter(isRole)) {
    if (chosen[role] !== undefined) continue;
    const all = candidates(services, role);
    const others = Object.values(chosen);
    const linked = (name: string) => links.filter(({ from, to }) => from === name || to === name);
    const found =
      all.find((name) => linked(name).some(({ from, to }) => others.includes(from === name ? to : from))) ??
      all.find((name) => linked(name).length > 0) ??
      all[0];
    if (found !== undefined) chosen[role] = found;
  }
  return chosen;
}

function candidates(services: readonly Service[], role: Role): string[] {
  return services.filter((each) => each.role === role && each.runsAt === undefined).map(({ name }) => name);
}

function nameOn({ kind, name }: ByRole, roles: Cast, { links }: Services): string | undefined {
  const real = withNames(name, roles);
  if (rolesIn(real).length > 0) return undefined;
  return kind === "service" || links.some((link) => link.name === real) ? real : undefined;
}

function setAt(root: unknown, path: Path, value: string): void {
  const parent = path.slice(0, -1).reduce((at, key) => (at as Record<PropertyKey, unknown>)[key], root);
  (parent as Record<PropertyKey, unknown>)[path.at(-1) as PropertyKey] = value;
}
