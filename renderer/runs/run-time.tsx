import type { OpenRun } from "../state/lab-store.ts";
import { formatDuration } from "../ui/times.ts";
import { useRunClock } from "./use-run-clock.ts";

/** A time of the run; without one its current time. Only this text is rendered again while the run is live. */
export function RunTime({ run, atMs }: { run: OpenRun; atMs: number | undefined }) {
  const nowMs = useRunClock(run);
  return formatDuration(atMs ?? nowMs);
}
