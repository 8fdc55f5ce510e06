import type { Pool, PoolClient } from "pg";
import { columnsOf } from "../run-columns.ts";
import type { NewRun } from "../run-store.ts";
import { storable } from "./event-rows.ts";

/** Adds a run without its events. @returns its key; undefined when there is a run of its id already */
export async function insertRun(
  database: Pool | PoolClient,
  run: NewRun,
  progress: Record<string, unknown>,
): Promise<number | undefined> {
  const columns: Record<string, unknown> = { ...columnsOf(run), ...progress };
  const values = Object.values(columns).map((value) => (typeof value === "string" ? storable(value) : value));
  const { rows } = await database.query<{ key: number }>(
    `INSERT INTO runs (${Object.keys(columns)}) VALUES (${values.map((_, index) => `$${index + 1}`)})
     ON CONFLICT (id) DO NOTHING RETURNING key`,
    values,
  );
  return rows[0]?.key;
}
