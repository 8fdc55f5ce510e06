import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunStore } from "../history/run-store.ts";
import { countPlaceholders } from "../redaction/placeholder.ts";
import { Redactor } from "../redaction/redactor.ts";
import { findSuspicious } from "../redaction/suspicious.ts";
import { endedRuns } from "./export-bundle.ts";
import { recordOf } from "./run-export.ts";

const SUSPICIOUS_LIMIT = 200;
/** Events per turn of the event loop. */
const EVENTS_AT_ONCE = 256;

export interface Suspicious {
  runId: string;
  /** The event's number; null for one of the run's files. */
  seq: number | null;
  /** Type of the event, or name of the file. */
  where: string;
  /** The beginning and the length of the value. */
  what: string;
}

export interface ExportPreview {
  /** How often each kind of secret is redacted in the export. */
  redacted: Record<string, number>;
  /** Long random values that no rule matches, for a person to review. At most 200. */
  suspicious: Suspicious[];
  /** How many more there are. */
  suspiciousMore: number;
}

/**
 * What an export of the runs would redact, and what in it still looks like a secret.
 * @throws LabError like the export: for a run that is in progress, was kept raw or does not exist
 */
export async function previewExport(
  history: RunStore,
  runIds: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<ExportPreview> {
  const counts = new Map<string, number>();
  const suspicious: Suspicious[] = [];
  let suspiciousMore = 0;
  const scan = (runId: string, seq: number | null, where: string, text: string) => {
    countPlaceholders(text, counts);
    for (const what of findSuspicious(text)) {
      if (suspicious.length < SUSPICIOUS_LIMIT) suspicious.push({ runId, seq, where, what });
      else suspiciousMore++;
    }
  };
  for (const run of await endedRuns(history, runIds)) {
    const sources = await history.sources(run.id);
    const redactor = new Redactor();
    if (sources.stack !== undefined) scan(run.id, null, "stack.yaml", redactor.yaml(sources.stack));
    scan(run.id, null, "scenario.yaml", redactor.yaml(sources.scenario));
    scan(run.id, null, "run.json", JSON.stringify(recordOf(run, sources.events, redactor)));
    for await (const raw of history.events(run.id)) {
      scan(run.id, raw.seq, raw.type, redactor.event(raw).line);
      if (raw.seq % EVENTS_AT_ONCE !== 0) continue;
      await nextTurn();
      signal.throwIfAborted();
    }
    for (let after = 0, hasMore = true; hasMore; ) {
      const page = await history.telemetry(run.id, after, EVENTS_AT_ONCE);
      for (const record of page.records) {
        scan(run.id, null, record.record, JSON.stringify(redactor.telemetry(record)));
      }
      ({ next: after, hasMore } = page);
      signal.throwIfAborted();
    }
  }
  return { redacted: sorted(counts), suspicious, suspiciousMore };
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
