import { useEffect, useState } from "react";
import { useLab } from "../state/lab-context.tsx";
import { goneSince } from "../state/lab-gone.ts";
import type { OpenRun } from "../state/lab-store.ts";
import { useTickMs } from "../state/use-tick-ms.ts";

const TICK_MS = 100;

/** The run's current time: that of its last event, advancing while it is live and the lab runs. */
export function useRunClock(run: OpenRun | undefined): number {
  const goneMs = useLab(goneSince);
  const isLive = run !== undefined && run.record.view.ended === undefined && run.failure === undefined;
  const tickMs = useTickMs(TICK_MS);
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    if (!isLive || goneMs !== undefined) return;
    const timer = setInterval(() => setNowMs(performance.now()), tickMs);
    return () => clearInterval(timer);
  }, [isLive, goneMs, tickMs]);
  if (run === undefined) return 0;
  const { record, arrivedMs } = run;
  // While a log is loading, its end is not the current time.
  const isReading = record.view.seq < record.lastSeq;
  const untilMs = goneMs === undefined ? nowMs : Math.min(nowMs, goneMs - performance.timeOrigin);
  return record.view.lastMs + (isLive && !isReading ? Math.max(0, untilMs - arrivedMs) : 0);
}
