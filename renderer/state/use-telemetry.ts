import { useEffect, useState } from "react";
import { useStores } from "./lab-context.tsx";
import type { RunRecord } from "./run-record.ts";

const SHOWN_EVERY_MS = 150;
/** All spans are laid out again each time: of many the more seldom. */
const SPANS_PER_MS = 50;

/** Follows the spans and logs of a run while the component is mounted. Returns a number that changes when more have arrived. */
export function useTelemetry(record: RunRecord): number {
  const { client } = useStores();
  const [version, setVersion] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const { telemetry, runId } = record;
    const show = () => {
      timer = undefined;
      setVersion((before) => before + 1);
    };
    const stop = client.followTelemetry(
      { runId, after: telemetry.next },
      {
        onRecords(records, next) {
          telemetry.take(records, next);
          // Many batches of a long run arrive one after the other.
          timer ??= setTimeout(show, Math.max(SHOWN_EVERY_MS, telemetry.spans.length / SPANS_PER_MS));
        },
      },
    );
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, record]);
  return version;
}
