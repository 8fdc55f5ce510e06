import { isApprovalRequest } from "../../model/catalogue/catalogue.ts";
import { AbortScope } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import { runStep } from "../scenarios/steps.ts";

/** ToolGate's mock Slack approves each request after this time, in milliseconds; its suites rely on it. */
const APPROVES_AFTER_MS = 50;
const APPROVER = "suite-approver";

/**
 * Runs the work and approves every call that waits for an approval, in the stack's approval channel. A call that cannot be
 * approved, because the channel is down, is logged and expires.
 */
export async function withApprover(
  context: RunContext,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const { stack, log, clock } = context;
  if (!stack.stack.services.some(({ role }) => role === "approval-channel")) return work(signal);
  const scope = new AbortScope(signal);
  const clicks: Promise<void>[] = [];
  const approve = async (tool: string) => {
    try {
      await clock.sleep(APPROVES_AFTER_MS, scope.signal);
      await runStep({ approve: tool, by: APPROVER }, context, scope.signal);
    } catch (error) {
      if (scope.signal.aborted) return;
      log.append({ type: "warning", code: "not-approved", message: `${tool} was not approved: ${messageOf(error)}` });
    }
  };
  const unsubscribe = log.subscribe((event) => {
    if (isApprovalRequest(event)) clicks.push(approve(event.tool));
  });
  try {
    await work(signal);
  } finally {
    unsubscribe();
    scope.abort(new Error("the method has ended"));
    await Promise.all(clicks);
  }
}
