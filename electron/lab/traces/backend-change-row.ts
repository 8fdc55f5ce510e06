import { z } from "zod";
import { rowText } from "./row-text.ts";
import type { FollowedTable } from "./table-reader.ts";

/** A row of the gateway's `backend_changes`: its view of a server behind it has changed. By the gateway's clock. */
export interface BackendChange {
  backend: string;
  what: "health" | "circuit";
  from: string;
  to: string;
  reason: string;
  changedWallMs: number;
}

const changeRow = z
  .object({
    backend: rowText,
    what: z.enum(["health", "circuit"]),
    from_state: rowText,
    to_state: rowText,
    reason: rowText,
    changed_ms: z.number(),
  })
  .transform(
    (value): BackendChange => ({
      backend: value.backend,
      what: value.what,
      from: value.from_state,
      to: value.to_state,
      reason: value.reason,
      changedWallMs: value.changed_ms,
    }),
  );

export const BACKEND_CHANGES: FollowedTable<BackendChange> = {
  from: "backend_changes",
  order: "backend_changes.id",
  channel: "backend_changes",
  called: "the table of backend changes",
  rowCalled: "backend change",
  columns: `id::text, backend, what, from_state, to_state, reason,
    (extract(epoch FROM changed_at) * 1000)::float8 AS changed_ms`,
  row: changeRow,
};
