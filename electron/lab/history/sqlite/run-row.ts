import { isSameProcess } from "../../process-identity.ts";
import { type RunColumns, storedRun } from "../run-columns.ts";
import type { StoredRun } from "../run-store.ts";

/** A row of `runs`. */
export interface RunRow extends RunColumns {
  scenario_source: string;
  stack_source: string | null;
  without: string;
  status: "running" | "ended";
  owner_pid: number;
  owner_started: string;
  imported_wall_ms: number | null;
  raw: number;
  pinned: number;
}

export function isOwnerAlive(row: Pick<RunRow, "owner_pid" | "owner_started">): boolean {
  return isSameProcess({ pid: row.owner_pid, startedAt: row.owner_started });
}

export function toStoredRun(row: RunRow): StoredRun {
  return storedRun(row, {
    without: JSON.parse(row.without) as string[],
    pinned: row.pinned === 1,
    raw: row.raw === 1,
    isAbandoned: row.outcome === null && !isOwnerAlive(row),
  });
}
