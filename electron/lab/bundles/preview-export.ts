import { setImmediate as nextTurn } from "node:timers/promises";
import type { RunStore } from "../history/run-store.ts";
import { countPlaceholders } from "../redaction/placeholder.ts";
import { Redactor } from "../redaction/redactor.ts";
import { findSuspicious } from "../redaction/suspicious.ts";
import { endedRuns } from "./export-bundle.ts";
import { recordOf } from "./run-export.ts";

const SUSPICIOUS_LIMIT = 200;
/** Events between two turns of the event loop. */
const EVENTS_AT_ONCE = 256;

export interface Suspicious {
  runId: string;
  /** The event's number; null for one of the run's files. */
  seq: number | null;
  /** Of the event, or the file. */
  where: string;
  /** Its beginning and its length. */
  what: string;
}

export interface ExportPreview {
  /** How often each kind is redacted in what would be exported. */
  redacted: Record<string, number>;
  /** Long random values that no rule knows: for a person to look at. At most 200. */
  suspicious: Suspicious[];
  /** How many more there are. */
  suspiciousMore: number;
}

/**
 * What an export of the runs would redact, and what in it looks like a secret all the same.
 * @throws LabError as the export would: for a run that is on, was kept raw or does not exist
 */
export async function previewExport(
  history: RunStore,
  runIds: readonly string[],
  signal: AbortSignal = new AbortController().signal,
): Promise<ExportPreview> {
  const counts = new Map<string, number>();
  const suspicious: Suspicious[] = [];
  let suspiciousMore = 0;
  const look = (runId: string, seq: number | null, where: string, text: string) => {
    countPlaceholders(text, counts);
    for (const what of findSuspicious(text)) {
      if (suspicious.length < SUSPICIOUS_LIMIT) suspicious.push({ runId, seq, where, what });
      else suspiciousMore++;
    }
  };
  for (const run of await endedRuns(history, runIds)) {
    const sources = await history.sources(run.id);
    const redactor = new Redactor();
    if (sources.stack !== undefined) look(run.id, null, "stack.yaml", redactor.yaml(sources.stack));
    look(run.id, null, "scenario.yaml", redactor.yaml(sources.scenario));
    look(run.id, null, "run.json", JSON.stringify(recordOf(run, sources.events, redactor)));
    for await (const raw of history.events(run.id)) {
      look(run.id, raw.seq, raw.type, redactor.event(raw).line);
      if (raw.seq % EVENTS_AT_ONCE !== 0) continue;
      await nextTurn();
      signal.throwIfAborted();
    }
  }
  return { redacted: sorted(counts), suspicious, suspiciousMore };
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
