import { formatDuration } from "../../model/duration.ts";
import { isTimeout, within } from "../abort-scope.ts";
import { isQueried } from "../stacks/decisions-spec.ts";
import type { MissingDecisions } from "../traces/decision-source.ts";
import { gatewayAudit } from "./gateway-audit.ts";
import type { RunContext } from "./run-context.ts";

const SETTLE_LIMIT_MS = 5_000;
/** The gateway writes its rows within this time once it is asked for them. */
const POLL_INTERVAL_MS = 8;
/** For a gateway that does not report its pending rows: no new row for this time means that there are none. */
const QUIET_MS = 300;

/**
 * Waits until every decision made so far has been read, according to the gateway, and returns what may still be missing.
 * Does not wait for a log that cannot be reached.
 * @throws the signal's reason when it aborts
 */
export async function settleDecisions(context: RunContext, signal: AbortSignal): Promise<readonly MissingDecisions[]> {
  const { decisions } = context;
  if (!(await decisions.read())) return decisions.missing();
  const unsettled = await waitForGateway(context, signal);
  await decisions.read();
  const whys = [unsettled, droppedBy(context)].filter((why) => why !== undefined);
  return [...decisions.missing(), ...whys.map((why) => ({ why }))];
}

/** Records how many rows the gateway has dropped so far: rows dropped from now on are missing from the run. */
export async function noteDropped(context: RunContext, signal: AbortSignal): Promise<void> {
  try {
    const audit = await within(signal, SETTLE_LIMIT_MS, (limit) => gatewayAudit(context, limit));
    if (audit !== "unreachable") context.dropped.begin(audit.dropped ?? 0);
  } catch (error) {
    // Later counts are then attributed to this run completely.
    if (signal.aborted || !isTimeout(error)) throw error;
  }
}

function droppedBy({ dropped: { lost } }: RunContext): string | undefined {
  if (lost === 0) return undefined;
  return `the gateway has dropped ${lost} audit ${lost === 1 ? "row" : "rows"} that it had no space for`;
}

/** Why rows may still arrive after the wait; undefined when none are pending. */
async function waitForGateway(context: RunContext, signal: AbortSignal): Promise<string | undefined> {
  const spec = context.stack.stack.decisions;
  // What a gateway prints it does not keep for later, whether it is up or not.
  if (spec !== undefined && !isQueried(spec)) return waitForLog(context, signal);
  let pending: number | undefined;
  let isArriving = false;
  try {
    return await within(signal, SETTLE_LIMIT_MS, async (limit) => {
      for (;;) {
        const audit = await gatewayAudit(context, limit);
        if (audit === "unreachable")
          return "the gateway is down and may have audit rows that it writes when it is up again";
        context.dropped.see(audit.dropped ?? 0);
        ({ pending } = audit);
        if (pending === 0) return undefined;
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
    if (pending === undefined) return `${after} the gateway had not reported whether it has audit rows left to write`;
    return `${after} the gateway still had ${pending} audit ${pending === 1 ? "row" : "rows"} to write`;
  }
}

async function waitForLog(context: RunContext, signal: AbortSignal): Promise<string | undefined> {
  try {
    await within(signal, SETTLE_LIMIT_MS, (limit) => waitForQuiet(context, limit));
    return undefined;
  } catch (error) {
    if (signal.aborted || !isTimeout(error)) throw error;
    return `after ${formatDuration(SETTLE_LIMIT_MS)} decisions were still printed`;
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
