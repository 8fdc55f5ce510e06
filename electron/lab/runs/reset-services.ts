import { within } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import { STEADY_LIMIT_MS } from "../scenarios/steady-state.ts";
import { tokenHeaders } from "../stacks/service-token.ts";
import type { Service } from "../stacks/stack-file.ts";
import type { ResidueCheck } from "./residue.ts";
import type { RunPolicy } from "./run-policy.ts";
import { RunStopped } from "./run-stopped.ts";

/**
 * Resets the services that support it, so that each run starts from the same state. What was broken before is left.
 * @throws RunStopped when a service cannot be reset, unless the policy accepts damage
 */
export async function resetServices(
  context: RunContext,
  { acceptsDamage }: RunPolicy,
  residue: ResidueCheck,
  signal: AbortSignal,
): Promise<void> {
  for (const service of context.stack.stack.services) {
    if (service.reset === undefined) continue;
    const problem = residue.isBroken(service.name)
      ? `${service.name} was not reset: it was broken before the run`
      : await whyNotReset(service, service.reset, context, signal);
    if (problem === undefined) continue;
    if (!acceptsDamage && !residue.isBroken(service.name)) throw new RunStopped("precondition", problem);
    context.log.append({ type: "warning", code: "not-reset", message: problem });
  }
}

async function whyNotReset(
  service: Service,
  path: string,
  context: RunContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const url = context.url(service.name, path);
  const headers = { "content-type": "application/json", ...tokenHeaders(service) };
  const ask = (limit: AbortSignal) => fetch(url, { method: "POST", headers, signal: limit });
  try {
    const reply = await within(signal, STEADY_LIMIT_MS, ask);
    return reply.ok ? undefined : `${service.name} could not be reset: it answered HTTP ${reply.status}`;
  } catch (error) {
    signal.throwIfAborted();
    return `${service.name} could not be reset: ${messageOf(error)}`;
  }
}
