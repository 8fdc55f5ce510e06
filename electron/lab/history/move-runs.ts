import { isDeepStrictEqual } from "node:util";
import type { LabEvent } from "../../model/lab-event.ts";
import type { TelemetryRecord } from "../../model/telemetry.ts";
import { LabError } from "../lab-error.ts";
import type { ListedRun, RunStore, StoredRun } from "./run-store.ts";

const LISTED_AT_ONCE = 200;
const READ_AT_ONCE = 1_000;

export interface MovedRuns {
  /** Runs and events that were copied and compared. */
  runs: number;
  events: number;
  /** Runs that the target had already, with the same content. */
  alreadyThere: number;
  /** Runs that were not copied, with the reason. */
  kept: { runId: string; because: string }[];
}

/**
 * Copies all runs, oldest first, from one store to another, and compares each with its original, event by event. The
 * source is unchanged. May be repeated after it was cut short: runs that are there already are compared only.
 * @throws LabError when a copy differs from its original, or the target cannot be written; runs before it are copied
 */
export async function moveRuns(
  source: RunStore,
  target: RunStore,
  signal: AbortSignal,
  onRun: (run: StoredRun) => void = () => {},
): Promise<MovedRuns> {
  target.assertWritable();
  const moved: MovedRuns = { runs: 0, events: 0, alreadyThere: 0, kept: [] };
  for (const run of (await allRuns(source)).reverse()) {
    signal.throwIfAborted();
    onRun(run);
    if (run.outcome === null) {
      moved.kept.push({ runId: run.id, because: "it is in progress" });
      continue;
    }
    const isThere = await target.has(run.id);
    if (!isThere) await copy(run, source, target, signal);
    const { events, difference } = await compare(run, source, target);
    if (difference !== undefined && !isThere) {
      throw new LabError("internal", `the copy of run ${run.id} differs: ${difference}`, {
        hint: "delete it where it was copied to, and move it again",
      });
    }
    if (difference !== undefined) moved.kept.push({ runId: run.id, because: `the target has another: ${difference}` });
    else if (isThere) moved.alreadyThere++;
    else {
      moved.runs++;
      moved.events += events;
    }
  }
  return moved;
}

/** Newest first. */
async function allRuns(store: RunStore): Promise<StoredRun[]> {
  const all: ListedRun[] = [];
  for (;;) {
    const before = all.at(-1)?.id;
    const { runs, hasMore } = await store.list({ limit: LISTED_AT_ONCE, ...(before === undefined ? {} : { before }) });
    all.push(...runs);
    if (!hasMore) return all.map(({ headline: _headline, ...run }) => run);
  }
}

async function copy(run: StoredRun, source: RunStore, target: RunStore, signal: AbortSignal): Promise<void> {
  const { scenario: scenarioSource, stack: stackSource } = await source.sources(run.id);
  const { outcome, reason, durationMs, importedFrom, pinned, raw: isRaw } = run;
  const arrivals = target.arrivals();
  try {
    arrivals.begin({
      ...run,
      scenarioSource,
      stackSource,
      isRaw,
      outcome: outcome ?? "interrupted",
      reason: reason ?? "",
      durationMs: durationMs ?? 0,
      moved: { importedFrom, pinned },
    });
    for await (const event of source.events(run.id)) await arrivals.stage(event);
    for await (const record of telemetryOf(run.id, source)) await arrivals.stageTelemetry(record);
    await arrivals.commit(importedFrom ?? "", run.startedWallMs, signal);
  } finally {
    await arrivals.close();
  }
}

async function compare(
  run: StoredRun,
  source: RunStore,
  target: RunStore,
): Promise<{ events: number; difference?: string }> {
  const [copied, sources, copiedSources] = [
    await target.find(run.id),
    await source.sources(run.id),
    await target.sources(run.id),
  ];
  if (sources.events !== copiedSources.events) {
    return { events: 0, difference: `${copiedSources.events} events instead of ${sources.events}` };
  }
  if (!isDeepStrictEqual({ ...copied, pinned: run.pinned, annotations: run.annotations }, run))
    return { events: 0, difference: "its record" };
  if (!isDeepStrictEqual(copiedSources, sources)) return { events: 0, difference: "its scenario or stack file" };
  const others = target.events(run.id);
  let events = 0;
  for await (const event of source.events(run.id)) {
    const other = (await others.next()).value as LabEvent | undefined;
    if (!isDeepStrictEqual(other, event)) return { events, difference: `event ${event.seq}` };
    events++;
  }
  const copiedTelemetry = telemetryOf(run.id, target);
  for await (const record of telemetryOf(run.id, source)) {
    const other = (await copiedTelemetry.next()).value;
    if (!isDeepStrictEqual(other, record)) return { events, difference: "its telemetry" };
  }
  return { events };
}

async function* telemetryOf(runId: string, store: RunStore): AsyncGenerator<TelemetryRecord, void> {
  for (let after = 0; ; ) {
    const { records, next, hasMore } = await store.telemetry(runId, after, READ_AT_ONCE);
    yield* records;
    if (!hasMore) return;
    after = next;
  }
}
