import { OTHER_STACK_HINT } from "../../../model/other-stack.ts";
import { LabError } from "../../lab-error.ts";
import type { ScenarioSpec } from "../../queue/run-spec.ts";
import type { LoadedScenario } from "../../scenarios/load.ts";
import { stackProblems } from "../../scenarios/stack-problems.ts";
import type { Stack } from "../../stacks/stack-file.ts";
import type { StackController } from "../stacks/stack-controller.ts";

/** @throws LabError `precondition` when another stack is open than the one that the run is for */
export function assertOpen({ stack: wanted }: ScenarioSpec, { stack: { project }, driver }: StackController): void {
  if (wanted.kind !== "open") return;
  const isOpen = (wanted.project ?? project) === project && (wanted.driver ?? driver) === driver;
  if (isOpen) return;
  const on = wanted.driver === undefined ? "" : { process: " on processes", docker: " on Docker" }[wanted.driver];
  const message = `the run is for the stack ${wanted.project ?? project}${on}, and the lab has ${project} open`;
  throw new LabError("precondition", message, { hint: OTHER_STACK_HINT });
}

/** A stack that cannot serve the scenario is not brought up for it. @throws LabError `precondition` naming what it lacks */
export function assertForStack(loaded: LoadedScenario, stack: Stack): void {
  const [first, ...more] = stackProblems([loaded], stack, ["service", "link", "role", "unreported"]);
  if (first === undefined) return;
  const rest = more.length === 0 ? "" : `, and ${more.length} more`;
  throw new LabError(
    "precondition",
    `the scenario is for another stack than ${stack.project}: ${first.message}${rest}`,
    {
      hint: OTHER_STACK_HINT,
    },
  );
}
