import type { WaitingApproval } from "../../electron/contract/approvals.ts";
import { useLabNow } from "../state/use-now.ts";
import { secondsLeft } from "../ui/times.ts";

/** The time that a waiting call has left. `stands`: while a paced run waits, it does too. */
export function TimeLeft({ approval: { expiresWallMs }, stands }: { approval: WaitingApproval; stands: boolean }) {
  const left = useSecondsLeft(expiresWallMs);
  if (left === undefined) return stands ? "time stands still" : "no limit";
  return left === 0 ? "expiring" : `${left} s left`;
}

export function useSecondsLeft(expiresWallMs: number | null): number | undefined {
  const nowMs = useLabNow(250);
  return expiresWallMs === null ? undefined : secondsLeft(expiresWallMs, nowMs);
}
