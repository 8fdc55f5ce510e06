import type { FaultJournal, JournaledFault, OpenFault } from "../journal/fault-journal.ts";
import { LabError } from "../lab-error.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import type { FaultSpec } from "./fault-spec.ts";
import { applyIntended, intendedFault, isRefusal } from "./intended-fault.ts";
import { prepareFault } from "./prepare.ts";
import { requestedFault } from "./requested-fault.ts";

/**
 * Whether recovery undoes a fault now. A standing fault is left until it expires; one that was only intended may be half
 * applied, and is undone.
 */
export function isDue({ isStanding, isApplied, expiresWallMs }: OpenFault, nowWallMs: number): boolean {
  return !isStanding || !isApplied || expiresWallMs <= nowWallMs;
}

/**
 * Writes the intent, then applies a fault that outlives this process.
 * @throws LabError `precondition` when the target is already broken, `bad-input` for a fault that does not last. After any
 * other error the fault may be half applied; the journal has it as intended
 */
export async function applyStanding(
  spec: FaultSpec,
  stack: RunningStack,
  journal: FaultJournal,
): Promise<{ fault: JournaledFault; effect: string }> {
  const requested = requestedFault(spec);
  const { kind, target } = requested;
  if (kind === "restart") {
    throw new LabError("bad-input", "a restart does not last, so there is nothing to keep broken", {
      hint: "use it as a step of a scenario, or break with stop",
    });
  }
  journal.assertArmed();
  const prepared = await prepareFault(requested, stack, journal.open(stack.registered.id));
  if (typeof prepared === "string") {
    throw new LabError("precondition", `${kind} ${target} would have no effect: ${prepared}`, {
      hint: "restore it first with `resilience-lab restore`",
    });
  }
  const fault = intendedFault(requested, prepared, {
    runId: "",
    stackId: stack.registered.id,
    isStanding: true,
    intendedWallMs: Date.now(),
  });
  journal.intend(fault);
  let lacking: string | undefined;
  try {
    lacking = await applyIntended(fault, prepared);
  } catch (error) {
    if (isRefusal(error)) journal.close(fault.id, "refused");
    throw error;
  }
  journal.applied(fault.id);
  return { fault, effect: lacking === undefined ? prepared.effect : `${prepared.effect}, ${lacking}` };
}
