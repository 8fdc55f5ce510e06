import type Database from "better-sqlite3";
import type { DecidedApproval } from "../../../contract/approvals.ts";
import { APPROVAL_CODES, APPROVAL_DECISIONS, type NamedRun, NewestApprovals, toDecided } from "../newest-approvals.ts";
import { inSlices } from "./slices.ts";

const CODES = APPROVAL_CODES.join(", ");
const DECISIONS = APPROVAL_DECISIONS.map((decision) => `'${decision}'`).join(", ");

interface Position {
  key: number;
  seq: number;
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
  const newest = new NewestApprovals(
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
    const row = run.get(found.key) as NamedRun | undefined;
    return row === undefined ? [] : [toDecided(found, row)];
  });
  return { decided: all.slice(0, limit), hasMore: all.length > limit };
}
