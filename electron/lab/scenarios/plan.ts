import { formatDuration } from "../../model/duration.ts";
import { formatPath } from "../../model/issue-text.ts";
import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import { assertSupported, describeFault, noSidecars, undoOfLink } from "../faults/catalogue.ts";
import type { FaultSpec } from "../faults/fault-spec.ts";
import { DEFAULT_LIFETIME_MS } from "../faults/intended-fault.ts";
import { effectOf } from "../faults/link-faults.ts";
import { requestedFault } from "../faults/requested-fault.ts";
import type { ReplicaChoice } from "../faults/service-faults.ts";
import { LabError } from "../lab-error.ts";
import type { StackDriver } from "../stacks/driver.ts";
import { describeReplicas } from "../stacks/replica-states.ts";
import {
  type DirectLink,
  findWithRole,
  isProxied,
  type Link,
  linkNamed,
  type Service,
  type Stack,
  serviceNamed,
  serviceWithRole,
} from "../stacks/stack-file.ts";
import type { Role } from "../stacks/stack-schema.ts";
import type { Sharer } from "../stacks/surroundings.ts";
import { hasUnknownPort, unknownPort } from "../stacks/unpublished.ts";
import { unreported } from "./call-sources.ts";
import { byName, type Check, type CheckName, type CheckOf } from "./check-schema.ts";
import { describeSteady, describeStep } from "./describe.ts";
import { OBSERVE_MS, type ObservedLink, observedLinks } from "./observed-links.ts";
import { referencesOf } from "./references.ts";
import { describeMissing, onStack } from "./roles.ts";
import { byKind, type Scenario, type Steady, type StepTable } from "./schema.ts";

/** What a step, or a demand of the steady state, will do. */
export interface PlannedStep {
  step: string;
  background: boolean;
  /** What it reaches or breaks: the name in the stack file and the address. */
  touches: string;
  /** For a fault: its effect on the target, how it is undone, and when at the latest. */
  fault?: { effect: string; undo: string; atMostMs: number };
}

/**
 * Plans a scenario on a stack: what each step touches, with targets resolved, and how each fault is undone.
 * @param around what belongs to a service, known while the stack is up
 * @throws LabError for a service or link that the stack does not have, and for a fault that the driver cannot do
 */
export function planScenario(
  written: Scenario,
  stack: Stack,
  driver: StackDriver["kind"],
  around: Around = NOTHING_AROUND,
): PlannedStep[] {
  const {
    scenario,
    missing: [lacking],
  } = onStack(written, stack);
  if (lacking !== undefined)
    throw new LabError("bad-input", `${formatPath(lacking.path)}: ${describeMissing(lacking)}`);
  const [missing] = unreported(scenario, stack);
  if (missing !== undefined) throw new LabError("bad-input", `${formatPath(missing.path)}: ${missing.message}`);
  assertPortsKnown(scenario, stack);
  const demands = scenario.steadyState.flatMap((steady) => planSteady(steady, stack));
  for (const check of scenario.expect) assertTarget(check, stack);
  const steps = scenario.method.map((step) => ({
    step: describeStep(step),
    background: step.background ?? false,
    ...byKind(PLANS, step, stack, driver, around),
  }));
  return [...observedLinks(scenario).flatMap((each) => planObserve(each, stack, driver)), ...demands, ...steps];
}

/** One that is asked for its health at no port would only be waited for. */
function assertPortsKnown(scenario: Scenario, stack: Stack): void {
  for (const { kind, name } of referencesOf(scenario)) {
    const service =
      kind === "service"
        ? stack.services.find((each) => each.name === name)
        : kind === "role"
          ? findWithRole(stack, name)
          : undefined;
    if (service !== undefined && hasUnknownPort(service)) throw unknownPort(service.name);
  }
}

/** A link that no fault proxy of the stack carries is observed from its caller's network namespace, like a fault on it. */
function planObserve({ link: name, bodies }: ObservedLink, stack: Stack, driver: StackDriver["kind"]): PlannedStep[] {
  const link = linkNamed(stack, name);
  const step = `before: observe ${name}${bodies ? ", with bodies" : ""}`;
  if (isProxied(link)) return [{ step, background: true, touches: "nothing: its fault proxy reads it in any case" }];
  return [{ step, background: true, ...planFault({ observe: name, for: OBSERVE_MS }, stack, driver, NOTHING_AROUND) }];
}

/** Only what the steady state sends to the stack is part of the plan; health is probed anyway. */
function planSteady(steady: Steady, stack: Stack): PlannedStep[] {
  if ("service" in steady) {
    serviceNamed(stack, steady.service);
    return [];
  }
  const reached =
    "call" in steady ? serviceWithRole(stack, "gateway", "a steady state's call") : serviceNamed(stack, steady.http);
  const when = steady.throughout ? "before, throughout and after" : "before and after";
  return [{ step: `${when}: ${describeSteady(steady)}`, background: false, touches: describeService(reached) }];
}

/** What a running project has around a service. */
export interface Around {
  /** The services that go down with it. */
  sharersOf(service: string, kind: LifecycleFault): readonly Sharer[];
  /** In whose network namespace it lives; undefined for its own. */
  networkOwnerOf(service: string): string | undefined;
  /** The names of its containers. */
  containersOf(service: string): readonly string[];
}

const NOTHING_AROUND: Around = { sharersOf: () => [], networkOwnerOf: () => undefined, containersOf: () => [] };

type Planned = Pick<PlannedStep, "touches" | "fault">;
type PlannedOn = [stack: Stack, driver: StackDriver["kind"], around: Around];

const PLANS: StepTable<PlannedOn, Planned> = {
  fault: ({ fault }, ...on) => planFault(fault, ...on),
  undo: ({ undo }, stack) => ({
    touches: undo === "all" ? "everything that is broken at that time" : broken(undo, stack),
  }),
  http: ({ http }, stack) => ({ touches: describeService(serviceNamed(stack, http)) }),
  warm: ({ warm }, stack) => ({ touches: describeService(serviceNamed(stack, warm)) }),
  agent: ({ at }, stack) => (at === undefined ? reached(stack, "agent", "an agent step") : { touches: at.url }),
  call: (_, stack) => reached(stack, "gateway", "a call step"),
  storm: (_, stack) => reached(stack, "gateway", "a storm step"),
  approve: (_, stack) => reached(stack, "approval-channel", "an approve step"),
  deny: (_, stack) => reached(stack, "approval-channel", "a deny step"),
  decide: (_, stack) => reached(stack, "approval-channel", "a decide step"),
  probe({ probe }, stack) {
    serviceNamed(stack, probe);
    return ONLY_CHECKS;
  },
  check({ check }, stack) {
    assertTarget(check, stack);
    return ONLY_CHECKS;
  },
  wait({ wait }, stack) {
    if (typeof wait === "object" && "service" in wait) serviceNamed(stack, wait.service);
    if (typeof wait === "object" && "http" in wait) serviceNamed(stack, wait.http);
    return ONLY_CHECKS;
  },
};

const ONLY_CHECKS: Planned = { touches: "nothing: it only checks or waits" };

function reached(stack: Stack, role: Role, needed: string): Planned {
  return { touches: describeService(serviceWithRole(stack, role, needed)) };
}

function assertTarget(check: Check, stack: Stack): void {
  byName(CHECK_TARGETS, check, stack);
}

const readsTheLog = () => {};
const CHECK_TARGETS: { [Name in CheckName]: (check: CheckOf<Name>, stack: Stack) => unknown } = {
  service: ({ service }, stack) => serviceNamed(stack, service),
  http: ({ http }, stack) => serviceNamed(stack, http),
  faultHit: ({ faultHit }, stack) => faultHit === "none" || linkNamed(stack, faultHit.link),
  either: ({ either }, stack) => {
    for (const each of either.flat()) assertTarget(each, stack);
  },
  mustInclude: readsTheLog,
  mustNotInclude: readsTheLog,
  policyOutcome: readsTheLog,
  mustNotContainInArgs: readsTheLog,
  decisions: readsTheLog,
  within: readsTheLog,
  trajectory: readsTheLog,
  evaluate: readsTheLog,
  count: readsTheLog,
  ratio: readsTheLog,
  answer: readsTheLog,
  call: readsTheLog,
};

/** The target of an undo, a service or a link. */
function broken(target: string, stack: Stack): string {
  return target.includes("->") ? linkNamed(stack, target).name : serviceNamed(stack, target).name;
}

function planFault(fault: FaultSpec, stack: Stack, driver: StackDriver["kind"], around: Around): Planned {
  const requested = requestedFault(fault);
  const atMostMs = requested.forMs ?? DEFAULT_LIFETIME_MS;
  if (requested.on === "service") {
    assertSupported(requested.kind, requested.target, stack, driver);
    const { effect, undo } = describeFault(requested.kind, around.sharersOf(requested.target, requested.kind));
    const which = describeChosen(requested, around.containersOf(requested.target));
    const touches = `${describeService(serviceNamed(stack, requested.target))}${which}`;
    return { touches, fault: { effect, undo, atMostMs } };
  }
  const link = linkNamed(stack, requested.target);
  if (!isProxied(link) && driver !== "docker") throw noSidecars(`${requested.kind} ${requested.target}`, driver);
  const undo = undoOfLink(requested.kind, link, around.networkOwnerOf(link.from));
  return {
    touches: describeLink(link, around),
    fault: { effect: effectOf(requested.kind), undo, atMostMs },
  };
}

/** Of a service that runs in several containers, as far as that is known. */
function describeChosen({ replicas }: { replicas: ReplicaChoice }, names: readonly string[]): string {
  if (names.length < 2) return replicas === "one" ? ", one of its containers if it has several" : "";
  const chosen = replicas === "one" ? names.slice(0, 1) : names;
  return `, ${describeReplicas(
    chosen.map((name) => ({ name })),
    names.length,
  )}`;
}

function describeService({ name, port, runsAt }: Service): string {
  if (runsAt !== undefined) return `${name} (${runsAt})`;
  // 0: one that the engine chooses.
  return port === undefined || port.hostPort === 0 ? name : `${name} (127.0.0.1:${port.hostPort})`;
}

/** A link is broken for a whole network namespace. */
function describeLink(link: Link, around: Around): string {
  if (isProxied(link)) return `${link.name} (${link.listen} to ${link.upstream})`;
  const { name, from, to, port, by } = link;
  if (by === "hosts") return `${name} (port ${port} of ${to}, by ${from}'s hosts file)`;
  const owner = around.networkOwnerOf(from) ?? from;
  const sharers = around.sharersOf(owner, "disconnect").map(({ service }) => service);
  const others = [...new Set(owner === from ? sharers : [from, ...sharers])];
  const shared =
    others.length === 0 ? "" : `, which ${others.join(" and ")} ${others.length === 1 ? "shares" : "share"}`;
  return `${name} (port ${port} of ${to}, within ${owner}'s network namespace)${shared}`;
}

/** The links that a scenario breaks or observes and that no declared fault proxy carries. */
export function directLinksOf(scenario: Scenario, stack: Stack): DirectLink[] {
  const targets = scenario.method.flatMap((step) => ("fault" in step ? [requestedFault(step.fault)] : []));
  const names = new Set([
    ...observedLinks(scenario).map(({ link }) => link),
    ...targets.flatMap(({ on, target }) => (on === "link" ? [target] : [])),
  ]);
  return [...names].map((name) => linkNamed(stack, name)).flatMap((link) => (isProxied(link) ? [] : [link]));
}

/** The plan as lines for a terminal. */
export function formatPlan(steps: readonly PlannedStep[]): string[] {
  return steps.flatMap(({ step, background, touches, fault }, index) => [
    `  ${String(index + 1).padStart(2)}. ${step}${background ? " (in the background)" : ""}`,
    `      touches ${touches}`,
    ...(fault === undefined
      ? []
      : [`      ${fault.effect}; undone by: ${fault.undo}, after ${formatDuration(fault.atMostMs)} at the latest`]),
  ]);
}
