import { foldAll, type RunView } from "../lab/events/fold.ts";
import type { LabEvent } from "../lab/events/lab-event.ts";
import type { SkippedProgress, StreamItem } from "./events.ts";

/** The view after a batch of a run's stream. What was skipped is counted where the lines would have been. */
export function foldItems(view: RunView, items: readonly StreamItem[]): RunView {
  let next = view;
  let events: LabEvent[] = [];
  for (const item of items) {
    if (item.type !== "skipped") {
      events.push(item);
      continue;
    }
    next = skip(foldAll(next, events), item);
    events = [];
  }
  return foldAll(next, events);
}

function skip(view: RunView, { fromSeq, toSeq, atMs, lines }: SkippedProgress): RunView {
  if (toSeq <= view.seq) return view;
  if (fromSeq > view.seq + 1) throw new RangeError(`skipped events from ${fromSeq} do not follow ${view.seq}`);
  const logs = { ...view.logs };
  for (const [service, count] of Object.entries(lines)) {
    const seen = logs[service] ?? { lines: 0, dropped: 0 };
    logs[service] = { ...seen, dropped: seen.dropped + count };
  }
  return { ...view, seq: toSeq, lastMs: Math.max(view.lastMs, atMs), logs };
}
