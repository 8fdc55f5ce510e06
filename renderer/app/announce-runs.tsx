import { notifications } from "@mantine/notifications";
import { useEffect, useRef } from "react";
import type { QueueEntry } from "../../electron/contract/runs.ts";
import { brief, textOf } from "../../electron/model/brief-text.ts";
import { batchOf } from "../runs/batch-progress.ts";
import { useLab } from "../state/lab-context.tsx";
import { formatRoute, parseRoute } from "../state/route.ts";
import { wasStackDown } from "../state/why-not-run.ts";
import { OUTCOME_LOOKS } from "../ui/outcome.tsx";

/** Notifies when a run ends, unless this window shows it or the host notifies. */
export function AnnounceRuns() {
  const ended = useLab((state) => state.lab?.queue.ended);
  const hostNotifies = useLab((state) => state.capabilities?.notifications ?? false);
  const isWanted = useLab((state) => state.settings?.notifications ?? true);
  const seen = useRef<Set<string>>(undefined);
  useEffect(() => {
    if (ended === undefined) return;
    // Runs that ended before this window opened are not announced.
    if (seen.current === undefined) {
      seen.current = new Set(ended.map(({ entryId }) => entryId));
      return;
    }
    for (const entry of ended) {
      if (seen.current.has(entry.entryId)) continue;
      seen.current.add(entry.entryId);
      const route = parseRoute(window.location.hash);
      const isShown = route.at === "run" && route.runId === entry.runId;
      const hasBegun = entry.runId !== null;
      // Runs that were requested together are announced together, when the last one has ended.
      if (entry.batch.of > 1) {
        // Above a page of one of them there is the way to the result.
        const isResultShown = batchOf({ active: [], ended }, route)?.id === entry.batch.id;
        if (entry.batchResult !== null && !hostNotifies && isWanted && !isResultShown) announceBatch(entry);
        continue;
      }
      if (isShown || (hasBegun && (hostNotifies || !isWanted))) continue;
      // The Lab page shows the error beside the stack.
      if (!hasBegun && route.at === "lab" && wasStackDown(entry.reason)) continue;
      // Cancelling a queue does not announce each run that had not started.
      if (!hasBegun && entry.outcome === "cancelled") continue;
      const { word } = OUTCOME_LOOKS[entry.outcome ?? "running"];
      notifications.show({
        title: `${word}: ${entry.scenarioTitle}`,
        message:
          entry.runId === null ? (
            textOf(brief(entry.reason ?? "").pieces)
          ) : (
            <>
              {entry.headline !== null && <p>{entry.headline}</p>}
              <a href={formatRoute({ at: "run", runId: entry.runId })}>Open the run</a>
            </>
          ),
        color: entry.outcome === "passed" ? "green" : entry.outcome === "cancelled" ? "gray" : "red",
        autoClose: 8_000,
      });
    }
  }, [ended, hostNotifies, isWanted]);
  return null;
}

function announceBatch({ batch, batchResult }: QueueEntry): void {
  const count = batchResult?.asExpected ?? 0;
  notifications.show({
    title: `${count} of ${batch.of} runs ended as expected`,
    message: <a href={formatRoute({ at: "batch", batchId: batch.id })}>Open the result</a>,
    color: count === batch.of ? "green" : "red",
    autoClose: 8_000,
  });
}
