import { formatDuration } from "../../model/duration.ts";
import { isOpen } from "../../model/span.ts";
import { isTimeout, within } from "../abort-scope.ts";
import { LabError } from "../lab-error.ts";
import { changeApprovalTime } from "./approval-time.ts";
import type { ClickAction } from "./click-answer.ts";
import type { RunContext } from "./run-context.ts";
import type { StepOf } from "./schema.ts";

const ASKED_LIMIT_MS = 30_000;
const PERSON_LIMIT_MS = 60_000;
/** A gateway whose time the lab cannot set ends the wait at its own time. */
const LONGEST_MS = 10 * 60_000;

/**
 * Waits until a person has decided on the waiting call of a tool, or it has expired. Where nobody watches, `click` decides at once.
 * @throws LabError when no call of the tool waits, or its end is not recorded in time
 */
export async function decideByPerson(
  { decide: tool, atMost = PERSON_LIMIT_MS, unattended = "deny" }: StepOf<"decide">,
  context: RunContext,
  signal: AbortSignal,
  click: (action: ClickAction) => Promise<unknown>,
): Promise<Record<string, unknown>> {
  const ofTool = () => context.view().approvals.filter(({ name }) => name === tool);
  const until = async (limitMs: number, holds: () => boolean, problem: string) => {
    try {
      await within(signal, limitMs, (limit) => context.waitUntil(holds, "call", limit));
    } catch (error) {
      if (signal.aborted || !isTimeout(error)) throw error;
      throw new LabError("precondition", `${problem} within ${formatDuration(limitMs)}`, { cause: error });
    }
  };
  await until(ASKED_LIMIT_MS, () => ofTool().length > 0, `no call of ${tool} waited for a person`);
  if (context.isAttended) await changeApprovalTime({ leftMs: atMost }, context, signal);
  else await click(unattended);
  await until(LONGEST_MS, () => !ofTool().some(isOpen), `nobody decided on ${tool}, and it did not expire,`);
  const result = ofTool().at(-1)?.status;
  return { tool, result, by: context.isAttended ? "a person" : "the scenario: nobody watched" };
}
