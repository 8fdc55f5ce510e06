import type { Pool, PoolClient } from "pg";
import type { NewRun } from "../run-store.ts";
import { storable } from "./event-rows.ts";

/** Adds a run without its events. @returns its key; undefined when there is a run of its id already */
export async function insertRun(
  database: Pool | PoolClient,
  run: NewRun,
  progress: Record<string, unknown>,
): Promise<number | undefined> {
  const columns: Record<string, unknown> = {
    id: run.id,
    scenario_id: run.scenarioId,
    scenario_title: run.scenarioTitle,
    scenario_source: run.scenarioSource,
    stack_source: run.stackSource ?? null,
    driver: run.driver,
    without: JSON.stringify(run.without),
    started_wall_ms: Math.round(run.startedWallMs),
    batch: run.batch ? JSON.stringify(run.batch) : null,
    ...progress,
  };
  const values = Object.values(columns).map((value) => (typeof value === "string" ? storable(value) : value));
  const { rows } = await database.query<{ key: number }>(
    `INSERT INTO runs (${Object.keys(columns)}) VALUES (${values.map((_, index) => `$${index + 1}`)})
     ON CONFLICT (id) DO NOTHING RETURNING key`,
    values,
  );
  return rows[0]?.key;
}
