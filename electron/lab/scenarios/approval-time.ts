import { messageOf } from "../lab-error.ts";
import { tokenHeaders } from "../stacks/service-token.ts";
import { post } from "./exchange.ts";
import type { RunContext } from "./run-context.ts";

const PATH = "/approvals/time";
const LIMIT_MS = 5_000;

/**
 * Changes the time that calls have left which wait for a person, where the stack's gateway offers that to the lab: the reference
 * gateway does. Resolves to false where it does not; their time then goes on.
 */
export async function changeApprovalTime(
  change: { stands: boolean } | { leftMs: number },
  { stack, log }: RunContext,
  signal: AbortSignal,
): Promise<boolean> {
  const gateway = stack.stack.services.find(({ role }) => role === "gateway");
  // Without a token it is none of the lab's own, which is asked for nothing that it may not know.
  if (gateway?.token === undefined) return false;
  try {
    const headers = { "content-type": "application/json", ...tokenHeaders(gateway) };
    const { ok } = await post(`http://${stack.address(gateway.name)}${PATH}`, headers, change, LIMIT_MS, signal);
    return ok;
  } catch (error) {
    signal.throwIfAborted();
    const message = `the time of waiting calls could not be changed: ${messageOf(error)}`;
    log.append({ type: "warning", code: "approval-time-unchanged", message });
    return false;
  }
}
