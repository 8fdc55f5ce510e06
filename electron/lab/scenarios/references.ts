import type { Path } from "../documents/yaml-document.ts";
import type { FaultSpec } from "../faults/fault-spec.ts";
import { requestedFault } from "../faults/requested-fault.ts";
import type { Role } from "../stacks/stack-schema.ts";
import { byName, type Check, type CheckName, type CheckOf } from "./check-schema.ts";
import { ANY_READ_ONLY, byKind, type Scenario, type Steady, type Step, type StepTable } from "./schema.ts";

/** Something of a stack that a scenario names, or needs by role, and where in its text. */
export type Reference = { path: Path } & (
  | { kind: "service" | "link" | "tool" | "protection"; name: string }
  | { kind: "role"; name: Role }
);

/**
 * All that a scenario requires its stack to have. A tool that must not be called (`mustNotInclude`, `atMost: 0`) need not
 * exist.
 */
export function referencesOf({ observe = [], steadyState, method, expect, protection }: Scenario): Reference[] {
  return [
    ...(protection === undefined ? [] : [{ path: ["protection"], kind: "protection" as const, name: protection }]),
    ...observe.map((each, index) => observed(each, ["observe", index])),
    ...steadyState.flatMap((steady, index) => ofSteady(steady, ["steadyState", index])),
    ...method.flatMap((step, index) => ofStep(step, ["method", index])),
    ...expect.flatMap((check, index) => ofCheck(check, ["expect", index])),
  ];
}

const service = (path: Path, name: string): Reference => ({ path, kind: "service", name });
const tool = (path: Path, name: string | undefined): Reference[] =>
  name === undefined || name === ANY_READ_ONLY ? [] : [{ path, kind: "tool", name }];
const role = (path: Path, name: Role): Reference => ({ path, kind: "role", name });

function observed(each: NonNullable<Scenario["observe"]>[number], path: Path): Reference {
  return typeof each === "string"
    ? { path, kind: "link", name: each }
    : { path: [...path, "link"], kind: "link", name: each.link };
}

function ofSteady(steady: Steady, path: Path): Reference[] {
  if ("service" in steady) return [service([...path, "service"], steady.service)];
  if ("http" in steady) return [service([...path, "http"], steady.http)];
  const call = [...path, "call"];
  return [role(call, "gateway"), ...tool(call, steady.call)];
}

const ofStep = (step: Step, path: Path): Reference[] => byKind(STEP_REFERENCES, step, path);

/** For each kind of step, with the path of the step. */
const STEP_REFERENCES: StepTable<[Path], Reference[]> = {
  warm: ({ warm }, path) => [service([...path, "warm"], warm)],
  fault: ({ fault }, path) => ofFault(fault, [...path, "fault"]),
  undo: ({ undo }, path) => (undo === "all" ? [] : [onStack([...path, "undo"], undo)]),
  agent: ({ at }, path) => (at === undefined ? [role([...path, "agent"], "agent")] : []),
  call: ({ call }, path) => [role([...path, "call"], "gateway"), ...tool([...path, "call"], call)],
  storm: ({ storm }, path) => [role([...path, "storm"], "gateway"), ...tool([...path, "storm"], storm)],
  http: ({ http }, path) => [service([...path, "http"], http)],
  approve: ({ approve }, path) => ofClick([...path, "approve"], approve),
  deny: ({ deny }, path) => ofClick([...path, "deny"], deny),
  decide: ({ decide }, path) => ofClick([...path, "decide"], decide),
  wait: ({ wait }, path) => {
    if (typeof wait !== "object") return [];
    if ("service" in wait) return [service([...path, "wait", "service"], wait.service)];
    if ("http" in wait) return [service([...path, "wait", "http"], wait.http)];
    return "decision" in wait ? tool([...path, "wait", "tool"], wait.tool) : [];
  },
  probe: ({ probe }, path) => [service([...path, "probe"], probe)],
  check: ({ check }, path) => ofCheck(check, [...path, "check"]),
};

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

const ofCheck = (check: Check, path: Path): Reference[] => byName(CHECK_REFERENCES, check, path);

const none = (): Reference[] => [];

/** For each check, with the path of the check. */
const CHECK_REFERENCES: { [Name in CheckName]: (check: CheckOf<Name>, path: Path) => Reference[] } = {
  mustInclude: ({ mustInclude }, path) =>
    mustInclude.flatMap((name, index) => tool([...path, "mustInclude", index], name)),
  mustNotInclude: none,
  policyOutcome: none,
  mustNotContainInArgs: none,
  decisions: ({ decisions }, path) =>
    decisions.flatMap((row, index) => tool([...path, "decisions", index], row.split(" ")[0])),
  within: none,
  service: (check, path) => [service([...path, "service"], check.service)],
  trajectory: ({ trajectory: { tools } }, path) =>
    tools.flatMap((name, index) => tool([...path, "trajectory", "tools", index], name)),
  count: ({ count: { exactly, atLeast, atMost, tool: counted } }, path) => {
    const isNone = (exactly ?? atMost) === 0 && !atLeast;
    return isNone ? [] : tool([...path, "count", "tool"], counted);
  },
  either: ({ either }, path) =>
    either.flatMap((set, index) => set.flatMap((check, place) => ofCheck(check, [...path, "either", index, place]))),
  evaluate: none,
  ratio: none,
  answer: none,
  call: none,
  http: ({ http }, path) => [service([...path, "http"], http)],
  faultHit: ({ faultHit }, path) =>
    faultHit === "none"
      ? []
      : [
          { path: [...path, "faultHit", "link"], kind: "link", name: faultHit.link },
          ...tool([...path, "faultHit", "tool"], faultHit.tool),
        ],
};

/** Faults are on services and on links. */
function onStack(path: Path, name: string): Reference {
  return { path, kind: name.includes("->") ? "link" : "service", name };
}
