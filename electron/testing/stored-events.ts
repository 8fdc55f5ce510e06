import type { NewRun, RunStore } from "../lab/history/run-store.ts";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import type { LabEvent } from "../model/lab-event.ts";

/** Appends events, each to its run; resolves when the ends among them are durable. */
export async function appendAll(store: RunStore, events: Iterable<LabEvent>): Promise<void> {
  for (const event of events) {
    if (event.type === "run.ended") await store.end(event);
    else void store.append(event);
  }
}

export async function eventsIn(store: RunStore, runId: string): Promise<LabEvent[]> {
  const events: LabEvent[] = [];
  for await (const event of store.events(runId)) events.push(event);
  return events;
}

/** Stores one run in a history that is not open elsewhere, in batches below the queue's limit. */
export async function storeRun(historyFile: string, run: NewRun, events: Iterable<LabEvent>): Promise<void> {
  const store = await SqliteRunStore.open(historyFile);
  await store.begin(run);
  for (const event of events) {
    if (event.seq % 10_000 === 0) await store.flush();
    await appendAll(store, [event]);
  }
  await store.close();
}
