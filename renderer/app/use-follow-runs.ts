import { useEffect } from "react";
import type { RunQueue } from "../../electron/contract/runs.ts";
import { pairOf } from "../runs/batch-progress.ts";
import { useInteraction, useLab } from "../state/lab-context.tsx";
import { parseRoute } from "../state/route.ts";
import { goTo } from "../state/use-route.ts";

/**
 * Shows the runs that were started from this window: the first one once it begins, and each that follows it in its batch.
 * Ends when another page is opened; waits while a moment of a run is being looked at. From a run that was paced by a person
 * only that person goes on.
 */
export function useFollowRuns(): void {
  useOpenAwaited();
  useFollowBatch();
}

function useOpenAwaited(): void {
  const awaited = useInteraction((state) => state.awaitedEntry);
  const awaitEntry = useInteraction((state) => state.awaitEntry);
  const follow = useInteraction((state) => state.follow);
  const queue = useLab((state) => state.lab?.queue);
  useEffect(() => {
    if (awaited === undefined || queue === undefined) return;
    const entry = [...queue.active, ...queue.ended].find(({ entryId }) => entryId === awaited);
    if (entry === undefined || (entry.state === "queued" && entry.runId === null)) return;
    if (entry.runId === null && entry.state === "running") return;
    awaitEntry(undefined);
    const isStillHere = parseRoute(window.location.hash).at === "lab";
    if (entry.runId === null || !isStillHere) return;
    follow({ batchId: entry.batch.id, runId: entry.runId });
    goTo({ at: "run", runId: entry.runId });
  }, [awaited, awaitEntry, follow, queue]);
}

function useFollowBatch(): void {
  const followed = useInteraction((state) => state.followed);
  const follow = useInteraction((state) => state.follow);
  const isLooking = useInteraction(({ cursorMs, selectedSeq }) => cursorMs !== undefined || selectedSeq !== undefined);
  const running = useLab((state) => state.lab?.queue.active[0]);
  const runId = running?.batch.id === followed?.batchId ? running?.runId : undefined;
  const isPaced = useLab(
    ({ lab }) =>
      lab !== undefined &&
      [...lab.queue.active, ...lab.queue.ended].some(({ batch }) => batch.id === followed?.batchId && batch.isPaced),
  );
  const left = useLab((state) => state.lab && leftOf(state.lab.queue, followed?.runId));
  useEffect(() => {
    if (followed === undefined || isPaced || isLooking || runId == null || runId === followed.runId) return;
    const route = parseRoute(window.location.hash);
    if (route.at !== "run" || route.runId !== followed.runId || left !== undefined) return;
    follow({ batchId: followed.batchId, runId });
    goTo({ at: "run", runId });
  }, [followed, follow, isLooking, isPaced, left, runId]);
  useEffect(() => {
    if (followed === undefined || isPaced || left === undefined) return;
    const route = parseRoute(window.location.hash);
    // The comparison stays until a person goes on.
    if (route.at === "run" && route.runId === followed.runId) goTo({ at: "compare", left, right: followed.runId });
  }, [followed, isPaced, left]);
}

/** The run that an ended one is to be compared with. */
function leftOf({ active, ended }: RunQueue, runId: string | undefined): string | undefined {
  return pairOf(
    [...active, ...ended],
    ended.find((each) => each.runId !== null && each.runId === runId),
  );
}
