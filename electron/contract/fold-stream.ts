import { foldAll, type RunView } from "../model/fold.ts";
import type { LabEvent } from "../model/lab-event.ts";
import type { SkippedProgress, StreamItem } from "./events.ts";

/** The view after a batch of a run's stream. What was skipped is counted where the lines would have been. */
export function foldItems(view: RunView, items: readonly StreamItem[]): RunView {
  return foldAll(view, eventsOf(items));
}

/** One pass for the fold, which copies the view once: a batch may alternate between events and notices. */
function* eventsOf(items: readonly StreamItem[]): Generator<LabEvent> {
  for (const item of items) {
    if (item.type === "skipped") yield* dropped(item);
    else yield item;
  }
}

/** Every number that was skipped, as lines that were dropped; all of a service's are counted at its first one. */
function* dropped({ fromSeq, toSeq, atMs, lines }: SkippedProgress): Generator<LabEvent> {
  const services = Object.entries(lines);
  for (let seq = fromSeq; seq <= toSeq; seq++) {
    const [service, count] = services[seq - fromSeq] ?? [services[0]?.[0] ?? "", 0];
    yield { type: "service.logs-dropped", runId: "", seq, atMs, wallMs: 0, service, lines: count };
  }
}
