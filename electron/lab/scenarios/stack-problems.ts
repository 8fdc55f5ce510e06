import { type Problem, parseYaml, type YamlDocument } from "../documents/yaml-document.ts";
import { protectionsOf } from "../stacks/protections.ts";
import { findWithRole, type Stack } from "../stacks/stack-file.ts";
import { ROLES } from "../stacks/stack-schema.ts";
import { unreported } from "./call-sources.ts";
import type { LoadedScenario } from "./load.ts";
import { type Reference, referencesOf } from "./references.ts";
import { describeMissing, onStack } from "./roles.ts";
import { isSuiteDocument } from "./suite.ts";

/**
 * What the scenarios of one file name that the stack does not have: services, links, roles, protections, and tools where
 * its services declare theirs (`x-lab.tools`); and what they check and the stack does not report. Nothing is asked of a
 * running stack.
 */
export function stackProblems(
  loaded: readonly LoadedScenario[],
  stack: Stack,
  kinds: readonly (Reference["kind"] | "unreported")[] = [
    "service",
    "link",
    "role",
    "protection",
    "tool",
    "unreported",
  ],
): Problem[] {
  const [first] = loaded;
  if (first === undefined) return [];
  const document = parseYaml(first.source, first.file);
  const isSuite = isSuiteDocument(document.value);
  return loaded.flatMap(({ scenario: written }, index) => {
    const { scenario, missing } = onStack(written, stack);
    const caseIndex = isSuite ? index : undefined;
    const unread = kinds.includes("unreported") ? unreported(scenario, stack) : [];
    const lacking = missing.filter(({ kind }) => kinds.includes(kind));
    const places = new Set(missing.map(({ path }) => path.join()));
    return [
      ...lacking.map((each) => document.problemAt(each.path, describeMissing(each))),
      ...referencesOf(scenario)
        .filter(({ kind, path }) => kinds.includes(kind) && !places.has(path.join()))
        .flatMap((reference) => problemOf(reference, stack, document, caseIndex)),
      ...unread.map(({ path, message }) =>
        document.problemAt(caseIndex === undefined ? path : ["cases", caseIndex], message),
      ),
    ];
  });
}

function problemOf(
  reference: Reference,
  stack: Stack,
  document: YamlDocument,
  caseIndex: number | undefined,
): Problem[] {
  const known = namesOf(reference, stack);
  if (known === undefined || known.includes(reference.name)) return [];
  const { path, kind, name } = reference;
  // What a case expects is a field of the case itself: expect[n].mustInclude[m] is cases[index].mustInclude[m].
  const place = caseIndex === undefined ? path : ["cases", caseIndex, ...path.slice(2)];
  const has = known.length > 0 ? `it has: ${known.join(", ")}` : "it has none";
  const message =
    kind === "role"
      ? `this needs a service whose x-lab role is ${name}; the stack has none`
      : `the stack has no ${kind} called "${name}"; ${has}`;
  return [document.problemAt(place, message)];
}

/** The names of the stack that a reference may be one of; undefined where they are not known. */
function namesOf({ kind }: Reference, stack: Stack): readonly string[] | undefined {
  switch (kind) {
    case "service":
      return stack.services.map(({ name }) => name);
    case "link":
      return stack.links.map(({ name }) => name);
    case "role":
      return ROLES.filter((role) => findWithRole(stack, role) !== undefined);
    case "protection":
      return protectionsOf(stack);
    case "tool":
      return toolsOf(stack);
  }
}

/** The tools that the stack's services declare; undefined when none does. */
export function toolsOf({ services }: Pick<Stack, "services">): readonly string[] | undefined {
  const declared = services.flatMap(({ tools }) => (tools === undefined ? [] : [tools]));
  return declared.length === 0 ? undefined : [...new Set(declared.flat())];
}
