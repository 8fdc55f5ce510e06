import { useEffect, useState } from "react";
import type { OpenRun } from "../state/lab-store.ts";

const TICK_MS = 100;

/** The run's current time: that of its last event, advancing while it is live. */
export function useRunClock(run: OpenRun | undefined): number {
  const isLive = run !== undefined && run.record.view.ended === undefined && run.failure === undefined;
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    if (!isLive) return;
    const timer = setInterval(() => setNowMs(performance.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [isLive]);
  if (run === undefined) return 0;
  const { record, arrivedMs } = run;
  // While a log is loading, its end is not the current time.
  const isReading = record.view.seq < record.lastSeq;
  return record.view.lastMs + (isLive && !isReading ? Math.max(0, nowMs - arrivedMs) : 0);
}
