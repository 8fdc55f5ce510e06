/** Writes rows of one table, in order, many per statement. An existing row is left unchanged. */
import type { Pool } from "pg";

export class RowRefused extends Error {
  override readonly name = "RowRefused";
}

/** Rows in the format of `rowText`. */
export type WriteRows = (rows: readonly string[]) => Promise<void>;

/** Rejects with RowRefused if the database is reachable and refuses these rows permanently. */
export function rowWriter(pool: Pool, { name, text }: Insert): WriteRows {
  return async (rows) => {
    try {
      await pool.query({ name, text, values: [`[${rows.join(",")}]`] });
    } catch (error) {
      throw isAboutTheData(error) ? new RowRefused((error as Error).message, { cause: error }) : error;
    }
  };
}

/**
 * A statement with one parameter for all rows: with arrays, pg would quote every value separately. As jsonb, since each `->>`
 * on json reads the row from its beginning.
 */
export interface Insert {
  /** Name of the prepared statement. */
  name: string;
  table: string;
  /** In the order of a row's values. */
  columns: readonly string[];
  text: string;
}

const decisionColumns = [
  "call_id",
  "session_id",
  "turn_id",
  "tool_name",
  "arguments",
  "decision",
  "reason",
  "decided_at",
  "backend",
  "trace_id",
  "span_id",
  "duration_ms",
];

const callColumns = [
  "call_id",
  "session_id",
  "turn_id",
  "tool_name",
  "backend",
  "started_at",
  "ended_at",
  "outcome",
  "attempts",
  "request_bytes",
  "reply_bytes",
  "error",
  "trace_id",
  "span_id",
];

/** A row is identified by its call and decision. */
export const insertDecisions: Insert = {
  name: "audit",
  table: "audit_log",
  columns: decisionColumns,
  text: `
  INSERT INTO audit_log (${decisionColumns.join(", ")})
  SELECT (entry->>0)::uuid, entry->>1, entry->>2, entry->>3, (entry->>4)::jsonb, entry->>5, entry->>6,
    to_timestamp((entry->>7)::double precision / 1000), entry->>8, entry->>9, entry->>10, (entry->>11)::double precision
  FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS list (entry, ordinal)
  ORDER BY ordinal
  ON CONFLICT (call_id, decision) DO NOTHING`,
};

/** A row is identified by its call: it ends once. */
export const insertCalls: Insert = {
  name: "calls",
  table: "calls",
  columns: callColumns,
  text: `
  INSERT INTO calls (${callColumns.join(", ")})
  SELECT (entry->>0)::uuid, entry->>1, entry->>2, entry->>3, entry->>4,
    to_timestamp((entry->>5)::double precision / 1000), to_timestamp((entry->>6)::double precision / 1000), entry->>7,
    (entry->>8)::integer, (entry->>9)::bigint, (entry->>10)::bigint, entry->>11, entry->>12, entry->>13
  FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS list (entry, ordinal)
  ORDER BY ordinal
  ON CONFLICT (call_id) DO NOTHING`,
};

const changeColumns = ["change_id", "backend", "what", "from_state", "to_state", "reason", "changed_at"];

/** A row has an id of its own. */
export const insertChanges: Insert = {
  name: "backend_changes",
  table: "backend_changes",
  columns: changeColumns,
  text: `
  INSERT INTO backend_changes (${changeColumns.join(", ")})
  SELECT (entry->>0)::uuid, entry->>1, entry->>2, entry->>3, entry->>4, entry->>5,
    to_timestamp((entry->>6)::double precision / 1000)
  FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS list (entry, ordinal)
  ORDER BY ordinal
  ON CONFLICT (change_id) DO NOTHING`,
};

/** SQLSTATE classes: 22 data exception, 23 constraint violation, 54 program limit exceeded. */
function isAboutTheData(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === "string" && /^(22|23|54)...$/.test(code);
}
