import type Database from "better-sqlite3";
import type { DecidedApproval } from "../../../contract/approvals.ts";
import { MANUAL_SCENARIO_ID } from "../../../contract/runs.ts";
import { APPROVAL_RESULTS, type ApprovalResult, isApprovalResult } from "../../../model/approval-result.ts";
import { typesOpening } from "../../../model/catalogue/catalogue.ts";
import { codeOf } from "../event-codes.ts";
import { inSlices } from "./slices.ts";

/** Codes of the events that can open an approval. */
const CODES = typesOpening("approval").map(codeOf).join(", ");
const DECISIONS = ["approvalRequired", ...APPROVAL_RESULTS].map((decision) => `'${decision}'`).join(", ");

interface Position {
  key: number;
  seq: number;
}

/** A row of the audit log, as recorded in a run. */
interface Decision {
  callId: string;
  tool: string;
  arguments: unknown;
  sessionId: string;
  decision: ApprovalResult | "approvalRequired";
  reason: string;
  decidedWallMs: number;
}

interface Found {
  row: string;
  key: number;
  decision: Decision & { decision: ApprovalResult };
  requestedWallMs: number | null;
}

/**
 * Decisions on approvals in every run, newest first. Scans all events in slices, between which other requests are served.
 * A row of the audit log that a manual session and a run beside it both recorded is one decision, of the run.
 */
export async function decidedApprovals(
  database: Database.Database,
  { limit, beforeWallMs, signal }: { limit: number; beforeWallMs: number; signal: AbortSignal },
): Promise<{ decided: DecidedApproval[]; hasMore: boolean }> {
  const endOfSlice = database.prepare(
    "SELECT run_key AS key, seq FROM events WHERE (run_key, seq) > (@key, @seq) ORDER BY run_key, seq LIMIT 1 OFFSET @rows",
  );
  const decisions = database.prepare(
    `SELECT run_key AS key, body FROM events
     WHERE (run_key, seq) > (@key, @seq) AND (run_key, seq) <= (@lastKey, @lastSeq) AND type IN (${CODES})
       AND json_extract(body, '$.decision') IN (${DECISIONS})
     ORDER BY run_key, seq`,
  );
  const newest = new Newest(
    limit + 1,
    beforeWallMs,
    database.prepare("SELECT key, scenario_id FROM runs").raw().all() as [number, string][],
  );
  let from: Position = { key: Number.MIN_SAFE_INTEGER, seq: 0 };
  await inSlices(
    (rows) => {
      const to = endOfSlice.get({ ...from, rows: rows - 1 }) as Position | undefined;
      const { key: lastKey, seq: lastSeq } = to ?? { key: Number.MAX_SAFE_INTEGER, seq: 0 };
      const found = decisions.all({ ...from, lastKey, lastSeq });
      for (const { key, body } of found as { key: number; body: string }[]) newest.take(key, JSON.parse(body));
      from = to ?? from;
      return to !== undefined;
    },
    { writes: false, signal },
  );
  const run = database.prepare("SELECT id, scenario_id, scenario_title FROM runs WHERE key = ?");
  const all = newest.sorted().flatMap((found) => {
    // The run may have been deleted meanwhile.
    const row = run.get(found.key) as RunColumns | undefined;
    return row === undefined ? [] : [toDecided(found, row)];
  });
  return { decided: all.slice(0, limit), hasMore: all.length > limit };
}

/** Collects the newest decisions, run by run, each with the time of its request. */
class Newest {
  readonly #limit: number;
  readonly #beforeWallMs: number;
  /** Scenario ids by run key. */
  readonly #runs: ReadonlyMap<number, string>;
  /** By the audit row's identity. */
  #found = new Map<string, Found>();
  #run: number | undefined;
  readonly #requestedAtMs = new Map<string, number>();

  constructor(limit: number, beforeWallMs: number, runs: readonly [number, string][]) {
    this.#limit = limit;
    this.#beforeWallMs = beforeWallMs;
    // There are also events of runs that are being imported or removed.
    this.#runs = new Map(runs);
  }

  take(key: number, decision: Decision): void {
    if (!this.#runs.has(key)) return;
    if (key !== this.#run) this.#requestedAtMs.clear();
    this.#run = key;
    const { callId, decidedWallMs } = decision;
    if (isResult(decision)) {
      if (decidedWallMs >= this.#beforeWallMs) return;
      const row = JSON.stringify([callId, decision.sessionId, decision.decision, decidedWallMs]);
      const isManual = this.#runs.get(key) === MANUAL_SCENARIO_ID;
      if (isManual && this.#found.has(row)) return;
      this.#found.set(row, { row, key, decision, requestedWallMs: this.#requestedAtMs.get(callId) ?? null });
      if (this.#found.size > 4 * this.#limit) this.#found = new Map(this.sorted().map((found) => [found.row, found]));
    } else if (!this.#requestedAtMs.has(callId)) {
      this.#requestedAtMs.set(callId, decidedWallMs);
    }
  }

  sorted(): Found[] {
    return [...this.#found.values()]
      .sort((a, b) => b.decision.decidedWallMs - a.decision.decidedWallMs)
      .slice(0, this.#limit);
  }
}

function isResult(decision: Decision): decision is Found["decision"] {
  return isApprovalResult(decision.decision);
}

interface RunColumns {
  id: string;
  scenario_id: string;
  scenario_title: string;
}

function toDecided({ decision, requestedWallMs }: Found, run: RunColumns): DecidedApproval {
  return {
    runId: run.id,
    scenarioId: run.scenario_id,
    scenarioTitle: run.scenario_title,
    callId: String(decision.callId),
    tool: String(decision.tool),
    arguments: decision.arguments,
    sessionId: String(decision.sessionId),
    requestedWallMs,
    decidedWallMs: decision.decidedWallMs,
    result: decision.decision,
    reason: String(decision.reason),
  };
}
