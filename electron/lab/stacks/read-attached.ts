import { isObject } from "../../model/json.ts";
import { checkDocument } from "../documents/check-document.ts";
import { DocumentError, type Path, type Problem, type YamlDocument } from "../documents/yaml-document.ts";
import { interpolate } from "./interpolation.ts";
import { attachedPorts } from "./published-port.ts";
import type { ReadStack, Variables } from "./read-stack.ts";
import { START_CONDITIONS, stackDocument } from "./stack-schema.ts";

/**
 * What the lab reads of a compose file that someone else has brought up.
 * A required variable that is missing does not matter outside `x-lab`: the containers have what it was set to.
 * @throws DocumentError for what is wrong in `x-lab`
 */
export function readAttached(document: YamlDocument, variables: Variables): ReadStack {
  const problems: Problem[] = [];
  const fail = (path: Path, message: string) => {
    if (path.includes("x-lab")) problems.push(document.problemAt(path, message));
  };
  const { name, services, "x-lab": lab } = isObject(document.value) ? document.value : {};
  const read = { name, services: isObject(services) ? fieldsOf(services, ATTACHED_FIELDS) : services, "x-lab": lab };
  const value = interpolate(withoutUndefined(read), variables, fail);
  if (problems.length > 0) throw new DocumentError(problems);
  const filled = { ...document, value: attachedServices(value) };
  return { filled, parsed: checkDocument(filled, stackDocument) };
}

const ATTACHED_FIELDS: readonly string[] = ["ports", "depends_on", "x-lab"];

/** Whether compose may have no container of a service: one of a profile, or scaled to none. @param service as in a compose file */
export function isOptional(service: unknown): boolean {
  const { profiles, scale, deploy } = isObject(service) ? service : {};
  const isOfProfile = Array.isArray(profiles) && profiles.length > 0;
  const replicas = scale ?? (isObject(deploy) ? deploy.replicas : undefined);
  return isOfProfile || Number(replicas ?? 1) === 0;
}

/** Of each service, these fields alone. */
function fieldsOf(services: Record<string, unknown>, wanted: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(services).map(([name, service]) => {
    if (!isObject(service)) return [name, service];
    return [name, Object.fromEntries(Object.entries(service).filter(([field]) => wanted.includes(field)))];
  });
  return Object.fromEntries(entries);
}

function withoutUndefined(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

/**
 * A compose document in which the fields that the lab reads of an attached service have the forms of its own schema. What
 * compose accepts and the lab has no use for (UDP ports, `restart` and `required` of a dependency, services of other
 * files) is left out.
 */
function attachedServices(value: unknown): unknown {
  if (!isObject(value) || !isObject(value.services)) return value;
  const names = Object.keys(value.services);
  const services = Object.entries(value.services).map(([name, service]) => {
    if (!isObject(service)) return [name, {}];
    const { ports, depends_on, "x-lab": lab } = service;
    return [
      name,
      {
        ...(lab === undefined ? {} : { "x-lab": lab }),
        ports: attachedPorts(ports),
        depends_on: dependencies(depends_on, names),
      },
    ];
  });
  return { ...value, services: Object.fromEntries(services) };
}

function dependencies(value: unknown, services: readonly string[]): Record<string, { condition: string }> {
  const entries: [unknown, unknown][] = Array.isArray(value)
    ? value.map((name) => [name, undefined])
    : Object.entries(isObject(value) ? value : {});
  return Object.fromEntries(
    entries.flatMap(([name, options]): [string, { condition: string }][] => {
      if (typeof name !== "string" || !services.includes(name)) return [];
      const wanted = isObject(options) ? options.condition : undefined;
      return [[name, { condition: START_CONDITIONS.find((each) => each === wanted) ?? "service_started" }]];
    }),
  );
}
