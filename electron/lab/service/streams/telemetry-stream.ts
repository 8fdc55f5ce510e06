import type { StreamMessage } from "../../../contract/events.ts";
import type { RunStore } from "../../history/run-store.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { OpenStream } from "./stream-registry.ts";

/** Records in one message. */
const BATCH = 500;

export interface TelemetryStreamParts {
  runId: string;
  after: number;
  history: Pick<RunStore, "telemetry">;
  telemetry: Pick<Telemetry, "isJoining" | "onStored">;
}

/**
 * The spans and logs of a run after a position, from the history and as they are stored, until no more can arrive.
 * @throws LabError for a run that does not exist; the signal's reason once the window has gone
 */
export async function* telemetryStream(
  { runId, after, history, telemetry }: TelemetryStreamParts,
  stream: OpenStream,
  signal: AbortSignal,
): AsyncGenerator<StreamMessage, void> {
  let wake = Promise.withResolvers<void>();
  const forget = telemetry.onStored((stored) => {
    if (stored === runId) wake.resolve();
  });
  const stop = () => wake.resolve();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for (let position = after; ; ) {
      signal.throwIfAborted();
      // Before the read: what is stored meanwhile is read again.
      const isLast = !telemetry.isJoining(runId);
      wake = Promise.withResolvers();
      const { records, next, hasMore } = await history.telemetry(runId, position, BATCH);
      if (records.length > 0) yield { type: "telemetry", message: await stream.credit.next(signal), records, next };
      position = next;
      if (hasMore || records.length > 0) continue;
      if (isLast) return;
      await wake.promise;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    forget();
  }
}
