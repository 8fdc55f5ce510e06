import { formatDuration } from "../../model/duration.ts";
import type { LifecycleFault } from "../../model/lifecycle-fault.ts";
import { assertSupported, describeFault } from "../faults/catalogue.ts";
import { DEFAULT_LIFETIME_MS } from "../faults/injector.ts";
import { effectOf } from "../faults/link-faults.ts";
import { requestedFault } from "../faults/requested-fault.ts";
import type { StackDriver } from "../stacks/driver.ts";
import { type Link, linkNamed, type Service, type Stack, serviceNamed, serviceWithRole } from "../stacks/stack-file.ts";
import type { Sharer } from "../stacks/surroundings.ts";
import { describeSteady, describeStep } from "./describe.ts";
import { type Check, kindOf, type Scenario, type Steady, type Step } from "./schema.ts";

/** What a step, or a demand of the steady state, will do, before anything is done. */
export interface PlannedStep {
  step: string;
  background: boolean;
  /** What it reaches or breaks, as the stack file names it and with the address that stands for. */
  touches: string;
  /** For a fault: what becomes of the target, how it is put back, and when at the latest. */
  fault?: { effect: string; undo: string; atMostMs: number };
}

/**
 * What a scenario will touch on a stack, with every target resolved, and how each fault is undone.
 * @param sharersOf who goes down with a service, where the stack is up and that is known
 * @throws LabError for a service or link that the stack does not have, and for a fault that the driver cannot do
 */
export function planScenario(
  scenario: Scenario,
  stack: Stack,
  driver: StackDriver["kind"],
  sharersOf: SharersOf = () => [],
): PlannedStep[] {
  const demands = scenario.steadyState.flatMap((steady) => planSteady(steady, stack));
  for (const check of scenario.expect) assertTarget(check, stack);
  const steps = scenario.method.map((step) => ({
    step: describeStep(step),
    background: step.background ?? false,
    ...plan(step, stack, driver, sharersOf),
  }));
  return [...demands, ...steps];
}

/** A service's health is looked at anyway; what the steady state sends to the stack is part of the plan. */
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

type SharersOf = (service: string, kind: LifecycleFault) => readonly Sharer[];

function plan(
  step: Step,
  stack: Stack,
  driver: StackDriver["kind"],
  sharersOf: SharersOf,
): Pick<PlannedStep, "touches" | "fault"> {
  if ("fault" in step) return planFault(step, stack, driver, sharersOf);
  if ("undo" in step) return { touches: step.undo === "all" ? "whatever is broken by then" : broken(step.undo, stack) };
  if ("http" in step) return { touches: describeService(serviceNamed(stack, step.http)) };
  if ("warm" in step) return { touches: describeService(serviceNamed(stack, step.warm)) };
  if ("agent" in step) return { touches: describeService(serviceWithRole(stack, "agent", "an agent step")) };
  if ("call" in step || "storm" in step) {
    return { touches: describeService(serviceWithRole(stack, "gateway", `a ${kindOf(step)} step`)) };
  }
  if ("approve" in step || "deny" in step) {
    return { touches: describeService(serviceWithRole(stack, "approval-channel", `a ${kindOf(step)} step`)) };
  }
  if ("probe" in step) serviceNamed(stack, step.probe);
  if ("check" in step) assertTarget(step.check, stack);
  if ("wait" in step && typeof step.wait === "object" && "service" in step.wait) serviceNamed(stack, step.wait.service);
  return { touches: "nothing: it only looks or waits" };
}

function assertTarget(check: Check, stack: Stack): void {
  if ("service" in check) serviceNamed(stack, check.service);
  if ("http" in check) serviceNamed(stack, check.http);
  if ("faultHit" in check && check.faultHit !== "none") linkNamed(stack, check.faultHit.link);
}

/** What an undo names: faults are on services and on links. */
function broken(target: string, stack: Stack): string {
  return target.includes("->") ? linkNamed(stack, target).name : serviceNamed(stack, target).name;
}

function planFault(
  { fault }: Extract<Step, { fault: unknown }>,
  stack: Stack,
  driver: StackDriver["kind"],
  sharersOf: SharersOf,
): Pick<PlannedStep, "touches" | "fault"> {
  const aim = requestedFault(fault);
  const atMostMs = aim.forMs ?? DEFAULT_LIFETIME_MS;
  if (aim.on === "service") {
    assertSupported(aim.kind, aim.target, driver);
    const { effect, undo } = describeFault(aim.kind, sharersOf(aim.target, aim.kind));
    return { touches: describeService(serviceNamed(stack, aim.target)), fault: { effect, undo, atMostMs } };
  }
  const undo = aim.kind === "down" ? "open the link" : "take the fault off the link";
  return { touches: describeLink(linkNamed(stack, aim.target)), fault: { effect: effectOf(aim.kind), undo, atMostMs } };
}

function describeService({ name, port }: Service): string {
  return port === undefined ? name : `${name} (127.0.0.1:${port.hostPort})`;
}

function describeLink({ name, listen, upstream }: Link): string {
  return `${name} (${listen} to ${upstream})`;
}

/** One line a step, for a terminal. */
export function formatPlan(steps: readonly PlannedStep[]): string[] {
  return steps.flatMap(({ step, background, touches, fault }, index) => [
    `  ${String(index + 1).padStart(2)}. ${step}${background ? " (in the background)" : ""}`,
    `      touches ${touches}`,
    ...(fault === undefined
      ? []
      : [`      ${fault.effect}; undone by: ${fault.undo}, after ${formatDuration(fault.atMostMs)} at the latest`]),
  ]);
}
