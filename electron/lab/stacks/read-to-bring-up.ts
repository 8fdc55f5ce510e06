import { isObject } from "../../model/json.ts";
import { unknownFields } from "../../model/zod-messages.ts";
import { checkDocument } from "../documents/check-document.ts";
import { DocumentError, type Problem, type YamlDocument } from "../documents/yaml-document.ts";
import { BRING_UP_WITH_COMPOSE, unsupportedField } from "./compose-fields.ts";
import { namedVolumesOf, networksOf } from "./compose-names.ts";
import { interpolate, passedOn } from "./interpolation.ts";
import type { ReadStack, Variables } from "./read-stack.ts";
import { type StackDocument, stackDocument, TOP_LEVEL_FIELDS } from "./stack-schema.ts";

/**
 * A compose file that the lab brings up itself: every field of it has to be understood.
 * @throws DocumentError whose hint is to bring the project up with compose, where compose's own part is not understood
 */
export function readToBringUp(document: YamlDocument, variables: Variables, found: readonly Problem[]): ReadStack {
  const problems = [...found];
  const value = interpolate(document.value, variables, (at, message) => problems.push(document.problemAt(at, message)));
  const filled = { ...document, value: toBringUp(value, variables) };
  if (problems.length > 0) throw new DocumentError(problems);
  const unknown = unknownTopLevelFields(filled);
  if (unknown.length > 0) throw new DocumentError(unknown, { hint: BRING_UP_WITH_COMPOSE });
  try {
    const parsed = checkDocument(filled, stackDocument, (path) => {
      return path.includes("x-lab") ? undefined : unsupportedField(String(path.at(-1)));
    });
    const wrong = [...checkDependencies(filled, parsed), ...checkNames(filled, parsed)];
    if (wrong.length > 0) throw new DocumentError(wrong);
    return { filled, parsed };
  } catch (error) {
    if (!(error instanceof DocumentError) || error.problems.every(isOfLab)) throw error;
    throw new DocumentError(error.problems, { hint: BRING_UP_WITH_COMPOSE });
  }
}

/** Of `x-lab`, which compose does not read. */
function isOfLab({ message }: Problem): boolean {
  return /^(?:services\.\S+?\.)?x-lab\b/.test(message);
}

/** The document without the extensions (`x-`) of others, and with names alone in an environment given their values. */
function toBringUp(value: unknown, variables: Variables): unknown {
  if (!isObject(value) || !isObject(value.services)) return value;
  const services = Object.entries(value.services).map(([name, service]) => {
    if (!isObject(service)) return [name, service];
    const kept = Object.entries(service).filter(([field]) => field === "x-lab" || !field.startsWith("x-"));
    const fields = kept.map(([field, part]) => [field, field === "environment" ? passedOn(part, variables) : part]);
    return [name, Object.fromEntries(fields)];
  });
  return { ...value, services: Object.fromEntries(services) };
}

/** Compose lets any `x-` field through; all else that this lab does not know would be silently ignored. */
function unknownTopLevelFields(document: YamlDocument): Problem[] {
  if (!isObject(document.value)) return [];
  return Object.keys(document.value)
    .filter((key) => !key.startsWith("x-") && !TOP_LEVEL_FIELDS.includes(key))
    .map((key) => document.problemAtField([key], unsupportedField(key) ?? unknownFields([key], TOP_LEVEL_FIELDS)));
}

/** Networks and volumes that services name and the file does not declare: compose refuses them too. */
function checkNames(document: YamlDocument, { services, networks = {}, volumes = {} }: StackDocument): Problem[] {
  return Object.entries(services).flatMap(([name, service]) => [
    ...networksOf(service)
      .filter(([network]) => network !== "default" && !(network in networks))
      .map(([network]) => document.problemAt(["services", name, "networks"], `no network is called "${network}"`)),
    ...namedVolumesOf(service)
      .filter((volume) => !(volume in volumes))
      .map((volume) => document.problemAt(["services", name, "volumes"], `no volume is called "${volume}"`)),
  ]);
}

function checkDependencies(document: YamlDocument, parsed: StackDocument): Problem[] {
  return Object.entries(parsed.services).flatMap(([name, service]) =>
    Object.keys(service.depends_on ?? {})
      .filter((dependency) => !(dependency in parsed.services))
      .map((dependency) =>
        document.problemAt(["services", name, "depends_on"], `${name} depends on "${dependency}", which is no service`),
      ),
  );
}
