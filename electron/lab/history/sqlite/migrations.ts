import {
  ANNOTATIONS,
  BATCH,
  deliveryTable,
  type QueueDialect,
  queueTables,
  WORKER_PAUSE,
} from "../queue-migrations.ts";

const DIALECT: QueueDialect = { number: "INTEGER PRIMARY KEY AUTOINCREMENT", big: "INTEGER", strict: " STRICT" };

/** Its name in messages. */
export const HISTORY_NAME = "run history";

/** Append only: released migrations are never changed. Position is the version. */
export const HISTORY_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    scenario_id TEXT NOT NULL,
    scenario_title TEXT NOT NULL,
    scenario_source TEXT NOT NULL,
    stack_source TEXT,
    driver TEXT NOT NULL,
    without TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('running', 'ended')),
    outcome TEXT,
    reason TEXT,
    started_wall_ms INTEGER NOT NULL,
    duration_ms REAL,
    owner_pid INTEGER NOT NULL,
    owner_started TEXT NOT NULL,
    imported_from TEXT,
    imported_wall_ms INTEGER
  ) STRICT;
  CREATE INDEX runs_by_start ON runs (started_wall_ms DESC);
  CREATE INDEX runs_by_scenario ON runs (scenario_id, started_wall_ms DESC);
  CREATE TABLE events (
    run_key INTEGER NOT NULL REFERENCES runs (key) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    type INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run_key, seq)
  ) STRICT, WITHOUT ROWID;
  `,
  // Imports in progress: their events have the negated number as run_key, and no row in `runs` until all are added.
  `
  CREATE TABLE arrivals (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_pid INTEGER NOT NULL,
    owner_started TEXT NOT NULL
  ) STRICT;
  `,
  // Deleted runs whose events are removed in slices. Their keys are not reused before that.
  `
  CREATE TABLE removals (run_key INTEGER PRIMARY KEY) STRICT;
  `,
  // 1: recorded unredacted, at a person's request. Such a run cannot be exported.
  "ALTER TABLE runs ADD COLUMN raw INTEGER NOT NULL DEFAULT 0",
  // 1: excluded from trimming.
  "ALTER TABLE runs ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
  // Spans and logs of services, as JSON; imports and removals as for events.
  `
  CREATE TABLE telemetry (
    run_key INTEGER NOT NULL,
    n INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run_key, n)
  ) STRICT, WITHOUT ROWID;
  `,
  queueTables(DIALECT),
  deliveryTable(DIALECT),
  ANNOTATIONS,
  WORKER_PAUSE,
  BATCH,
];

/** Columns of `runs` that the first format did not have, with their value in a database that has not been migrated. */
export const ADDED_COLUMNS: Readonly<Record<string, number | "NULL">> = {
  raw: 0,
  pinned: 0,
  annotations: "NULL",
  batch: "NULL",
};

/** Tables that the first format did not have, for reading a database that has not been migrated. */
export const ADDED_TABLES: Readonly<Record<string, string>> = {
  telemetry: "CREATE TEMP TABLE telemetry (run_key INTEGER, n INTEGER, body TEXT)",
};
