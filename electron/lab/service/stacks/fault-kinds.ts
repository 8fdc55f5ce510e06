import { z } from "zod";
import type { FaultAttribute, FaultKindInfo } from "../../../contract/faults.ts";
import { DURATION_PATTERN } from "../../../model/duration.ts";
import { LIFECYCLE_FAULTS } from "../../../model/lifecycle-fault.ts";
import { FAULT_KINDS } from "../../faults/catalogue.ts";
import { effectOf, LINK_FAULT_SCHEMAS, LINK_FAULTS } from "../../faults/link-faults.ts";
import type { StackDriver } from "../../stacks/driver.ts";
import { isProxied, type Link, type Stack } from "../../stacks/stack-file.ts";

/** The attribute that is written as `match: { tool }`. */
export const MATCHED_TOOL = "tool";

/** Every way to break something of a stack: services as its driver can unless all run elsewhere, links where a fault proxy carries them or can be put there. */
export function faultKindsOf(stack: Stack, driver: StackDriver["kind"]): FaultKindInfo[] {
  const hasProxy = stack.services.some(({ role }) => role === "fault-proxy");
  const canBreak = (link: Link) => (isProxied(link) ? hasProxy : driver === "docker");
  const hasOwn = stack.services.some(({ role, runsAt }) => role !== "fault-proxy" && runsAt === undefined);
  const onServices = hasOwn ? serviceKinds(driver) : [];
  return stack.links.some(canBreak) ? [...onServices, ...LINK_KINDS] : onServices;
}

function serviceKinds(driver: StackDriver["kind"]): FaultKindInfo[] {
  return LIFECYCLE_FAULTS.filter((kind) => FAULT_KINDS[kind].drivers.includes(driver)).map((kind) => {
    const { effect, undo } = FAULT_KINDS[kind];
    return { kind, on: "service", effect, undo, attributes: driver === "docker" ? [REPLICAS] : [] };
  });
}

const REPLICAS: FaultAttribute = {
  name: "replicas",
  type: "choice",
  choices: ["all", "one"],
  required: false,
  description: "of a service in several containers: all of them, or the first that runs",
};

const DURATION: FaultAttribute = {
  name: "for",
  type: "duration",
  choices: [],
  required: false,
  description: "undone after it (default 10 min)",
};

/** Of a match, which a scenario can make of more. */
const TOOL: FaultAttribute = {
  name: MATCHED_TOOL,
  type: "text",
  choices: [],
  required: false,
  description: "only calls of this tool (default all)",
};

const LINK_KINDS: FaultKindInfo[] = LINK_FAULTS.map((kind) => ({
  kind,
  on: "link",
  effect: effectOf(kind),
  undo: kind === "down" ? "open the link" : "take the fault off the link",
  attributes: attributesOf(kind),
}));

interface FieldSchema {
  type?: string;
  pattern?: string;
  const?: string | number;
  enum?: (string | number)[];
  anyOf?: FieldSchema[];
  description?: string;
}

/** Read from the schema that checks them, so that the two never differ. Lists are for scenarios alone. */
function attributesOf(kind: string): FaultAttribute[] {
  for (const schema of LINK_FAULT_SCHEMAS) {
    const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: "input" }) as {
      properties?: Record<string, FieldSchema>;
      required?: string[];
    };
    if (!(kind in properties)) continue;
    const own = Object.entries(properties).flatMap(([name, field]): FaultAttribute[] => {
      if (name === kind || name === "for") return [];
      const type = typeOf(field);
      if (type === undefined) return [];
      const choices = choicesOf(field);
      return [{ name, type, choices, required: required.includes(name), description: field.description ?? "" }];
    });
    return [...own, ...("match" in properties ? [TOOL] : []), DURATION];
  }
  return [];
}

function typeOf(field: FieldSchema): FaultAttribute["type"] | undefined {
  if (choicesOf(field).length > 0) return "choice";
  if (field.type === "integer") return "whole number";
  if (field.type === "number") return "number";
  if (field.type === "string") return field.pattern === DURATION_PATTERN.source ? "duration" : "text";
  return undefined;
}

function choicesOf(field: FieldSchema): (string | number)[] {
  if (field.enum !== undefined) return field.enum;
  return (field.anyOf ?? []).flatMap((each) => (each.const === undefined ? [] : [each.const]));
}
