import type { RunLog } from "../events/run-log.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { BACKEND_CHANGES, type BackendChange } from "../traces/backend-change-row.ts";
import { TableReader } from "../traces/table-reader.ts";

/**
 * Logs how the gateway's view of its backends changes, as the gateway records it. Undefined for a stack that does not
 * record it, which most do not: nothing depends on these events.
 */
export async function followBackends(
  stack: Pick<RunningStack, "stack" | "endpoint">,
  log: RunLog,
  isOfRun: (change: BackendChange) => boolean,
): Promise<TableReader<BackendChange> | undefined> {
  if (!stack.stack.services.some(({ role }) => role === "audit-log")) return undefined;
  const take = (change: BackendChange) => void (isOfRun(change) && log.append({ type: "backend.changed", ...change }));
  const note = (message: string) => void log.append({ type: "warning", code: "backends", message });
  try {
    return await TableReader.fromNow(
      BACKEND_CHANGES,
      stack.endpoint("audit-log", "reading changes of backends"),
      take,
      note,
    );
  } catch {
    return undefined;
  }
}
