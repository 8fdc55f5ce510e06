import type { Path } from "../documents/yaml-document.ts";
import type { FaultSpec } from "../faults/fault-spec.ts";
import { requestedFault } from "../faults/requested-fault.ts";
import type { Role } from "../stacks/stack-schema.ts";
import type { Check, Scenario, Steady, Step } from "./schema.ts";

/** Something of a stack that a scenario names, or needs by role, and where in its text. */
export type Reference = { path: Path } & (
  | { kind: "service" | "link" | "tool" | "protection"; name: string }
  | { kind: "role"; name: Role }
);

/**
 * All that a scenario requires its stack to have. A tool that must not be called (`mustNotInclude`, `atMost: 0`) need not
 * exist.
 */
export function referencesOf({ steadyState, method, expect, protection }: Scenario): Reference[] {
  return [
    ...(protection === undefined ? [] : [{ path: ["protection"], kind: "protection" as const, name: protection }]),
    ...steadyState.flatMap((steady, index) => ofSteady(steady, ["steadyState", index])),
    ...method.flatMap((step, index) => ofStep(step, ["method", index])),
    ...expect.flatMap((check, index) => ofCheck(check, ["expect", index])),
  ];
}

const service = (path: Path, name: string): Reference => ({ path, kind: "service", name });
const tool = (path: Path, name: string | undefined): Reference[] =>
  name === undefined ? [] : [{ path, kind: "tool", name }];
const role = (path: Path, name: Role): Reference => ({ path, kind: "role", name });

function ofSteady(steady: Steady, path: Path): Reference[] {
  if ("service" in steady) return [service([...path, "service"], steady.service)];
  if ("http" in steady) return [service([...path, "http"], steady.http)];
  const call = [...path, "call"];
  return [role(call, "gateway"), ...tool(call, steady.call)];
}

function ofStep(step: Step, path: Path): Reference[] {
  if ("fault" in step) return ofFault(step.fault, [...path, "fault"]);
  if ("undo" in step) return step.undo === "all" ? [] : [onStack([...path, "undo"], step.undo)];
  if ("warm" in step) return [service([...path, "warm"], step.warm)];
  if ("http" in step) return [service([...path, "http"], step.http)];
  if ("probe" in step) return [service([...path, "probe"], step.probe)];
  if ("agent" in step) return step.at === undefined ? [role([...path, "agent"], "agent")] : [];
  if ("call" in step) return [role([...path, "call"], "gateway"), ...tool([...path, "call"], step.call)];
  if ("storm" in step) return [role([...path, "storm"], "gateway"), ...tool([...path, "storm"], step.storm)];
  if ("approve" in step) return ofClick([...path, "approve"], step.approve);
  if ("deny" in step) return ofClick([...path, "deny"], step.deny);
  if ("check" in step) return ofCheck(step.check, [...path, "check"]);
  const { wait } = step;
  if (typeof wait !== "object") return [];
  if ("service" in wait) return [service([...path, "wait", "service"], wait.service)];
  return "decision" in wait ? tool([...path, "wait", "tool"], wait.tool) : [];
}

function ofClick(path: Path, name: string): Reference[] {
  return [role(path, "approval-channel"), ...tool(path, name)];
}

function ofFault(spec: FaultSpec, path: Path): Reference[] {
  const fault = requestedFault(spec);
  const target: Reference = { path: [...path, fault.kind], kind: fault.on, name: fault.target };
  const { match } = fault.on === "link" ? fault.spec : {};
  const matched = typeof match === "object" && match !== null && "tool" in match ? match.tool : undefined;
  return [target, ...tool([...path, "match", "tool"], typeof matched === "string" ? matched : undefined)];
}

function ofCheck(check: Check, path: Path): Reference[] {
  if ("service" in check) return [service([...path, "service"], check.service)];
  if ("http" in check) return [service([...path, "http"], check.http)];
  if ("mustInclude" in check) {
    return check.mustInclude.flatMap((name, index) => tool([...path, "mustInclude", index], name));
  }
  if ("trajectory" in check) {
    return check.trajectory.tools.flatMap((name, index) => tool([...path, "trajectory", "tools", index], name));
  }
  if ("decisions" in check) {
    return check.decisions.flatMap((row, index) => tool([...path, "decisions", index], row.split(" ")[0]));
  }
  if ("count" in check) {
    const { exactly, atLeast, atMost, tool: counted } = check.count;
    const isNone = (exactly ?? atMost) === 0 && !atLeast;
    return isNone ? [] : tool([...path, "count", "tool"], counted);
  }
  if (!("faultHit" in check) || check.faultHit === "none") return [];
  const { link, tool: met } = check.faultHit;
  return [
    { path: [...path, "faultHit", "link"], kind: "link", name: link },
    ...tool([...path, "faultHit", "tool"], met),
  ];
}

/** Faults are on services and on links. */
function onStack(path: Path, name: string): Reference {
  return { path, kind: name.includes("->") ? "link" : "service", name };
}
