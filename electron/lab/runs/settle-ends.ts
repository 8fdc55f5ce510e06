import { isTimeout, within } from "../abort-scope.ts";
import { gatewayAudit } from "../scenarios/gateway-audit.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import type { CallEnd } from "../traces/call-row.ts";
import type { TableReader } from "../traces/table-reader.ts";

/** Rows arrive within 0.1 s; after an outage of the database the gateway retries within 2 s. */
const SETTLE_LIMIT_MS = 2_500;
const POLL_INTERVAL_MS = 8;

/**
 * Reads what the gateway has recorded so far, and waits at most {@link SETTLE_LIMIT_MS} for rows that it is about to write.
 * Does not wait for calls in progress, for a table that cannot be read or for a gateway that is down. Never rejects.
 */
export async function settleEnds(context: RunContext, ends: Pick<TableReader<CallEnd>, "read">): Promise<void> {
  if (!(await ends.read())) return;
  const { signal } = new AbortController();
  try {
    await within(signal, SETTLE_LIMIT_MS, async (limit) => {
      for (;;) {
        const audit = await gatewayAudit(context, limit);
        if (audit === "unreachable" || (audit.pendingEnds ?? 0) + (audit.pendingChanges ?? 0) === 0) return;
        await context.clock.sleep(POLL_INTERVAL_MS, limit);
      }
    });
  } catch (error) {
    if (!isTimeout(error)) throw error;
  }
  await ends.read();
}
