import { useEffect, useState } from "react";
import type { OpenRun } from "../state/lab-store.ts";

const TICK_MS = 100;

/** The run's own time: its last event's, and going on from there while it is live. */
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
  // While a log is still being read its end is not now.
  const isReading = record.view.seq < record.lastSeq;
  return record.view.lastMs + (isLive && !isReading ? Math.max(0, nowMs - arrivedMs) : 0);
}
