import { isTimeout, within } from "../abort-scope.ts";
import { formatDuration } from "../events/duration.ts";
import type { MissingDecisions } from "../traces/decision-source.ts";
import type { RunContext } from "./run-context.ts";

const SETTLE_LIMIT_MS = 5_000;
const POLL_INTERVAL_MS = 20;
/** For a gateway that does not tell how many rows it still has to write: this long without one is the end of them. */
const QUIET_MS = 300;

/**
 * Waits until every decision made so far has been read, as far as the gateway tells, and returns what may be missing all
 * the same. Does not wait for a log that cannot be reached.
 * @throws the signal's reason when it aborts
 */
export async function settleDecisions(context: RunContext, signal: AbortSignal): Promise<readonly MissingDecisions[]> {
  const { decisions } = context;
  if (!(await decisions.read())) return decisions.missing();
  const unsettled = await waitForGateway(context, signal);
  await decisions.read();
  return unsettled === undefined ? decisions.missing() : [...decisions.missing(), { why: unsettled }];
}

/** Why rows may still come although they were waited for; undefined when none are to come. */
async function waitForGateway(context: RunContext, signal: AbortSignal): Promise<string | undefined> {
  let pending: Pending;
  let isArriving = false;
  try {
    return await within(signal, SETTLE_LIMIT_MS, async (limit) => {
      for (;;) {
        const told = await pendingRows(context, limit);
        if (told === 0) return undefined;
        if (told === "unreachable")
          return "the gateway is down and may have audit rows that it writes when it is up again";
        pending = told;
        if (pending === undefined) {
          isArriving = true;
          await waitForQuiet(context, limit);
          return undefined;
        }
        await context.clock.sleep(POLL_INTERVAL_MS, limit);
      }
    });
  } catch (error) {
    if (signal.aborted || !isTimeout(error)) throw error;
    const after = `after ${formatDuration(SETTLE_LIMIT_MS)}`;
    if (isArriving) return `${after} audit rows were still arriving`;
    if (pending === undefined) return `${after} the gateway had not told whether it has audit rows left to write`;
    return `${after} the gateway still had ${pending} audit ${pending === 1 ? "row" : "rows"} to write`;
  }
}

/** Rows that the gateway has decided but not yet written; undefined when it cannot tell. */
type Pending = number | undefined;

/** A gateway that is down may have rows on its disk. */
async function pendingRows(context: RunContext, signal: AbortSignal): Promise<Pending | "unreachable"> {
  const gateway = context.stack.stack.services.find(({ role }) => role === "gateway");
  if (gateway === undefined || !("http" in gateway.probe)) return undefined;
  try {
    const response = await fetch(context.url(gateway.name, gateway.probe.http), { signal });
    const health = (await response.json()) as { audit?: { pending?: unknown } };
    return typeof health.audit?.pending === "number" ? health.audit.pending : undefined;
  } catch {
    signal.throwIfAborted();
    return "unreachable";
  }
}

async function waitForQuiet(context: RunContext, signal: AbortSignal): Promise<void> {
  const count = () => context.view().decisions.length;
  for (let seen = -1; seen !== count(); ) {
    seen = count();
    await context.clock.sleep(QUIET_MS, signal);
    await context.decisions.read();
  }
}
