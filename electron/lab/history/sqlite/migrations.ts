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
  `
  -- Submitted runs; times in milliseconds since the epoch, by the clock of the database.
  CREATE TABLE queue (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    -- JSON, with every default filled in.
    spec TEXT NOT NULL,
    -- JSON: labels that its worker must have.
    labels TEXT NOT NULL,
    max_attempts INTEGER NOT NULL,
    deadline_ms INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'ended')),
    attempt INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    claimed_ms INTEGER,
    lease_until_ms INTEGER,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    outcome TEXT,
    reason TEXT,
    -- JSON
    summary TEXT,
    submitted_ms INTEGER NOT NULL,
    started_ms INTEGER,
    finished_ms INTEGER,
    CHECK (state <> 'running' OR (worker IS NOT NULL AND claimed_ms IS NOT NULL AND lease_until_ms IS NOT NULL)),
    CHECK ((state = 'ended') = (outcome IS NOT NULL))
  ) STRICT;
  CREATE INDEX queue_open ON queue (number) WHERE state <> 'ended';
  CREATE INDEX queue_by_state ON queue (state, number);
  CREATE TABLE queue_attempts (
    run_id TEXT NOT NULL REFERENCES queue (run_id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    worker TEXT NOT NULL,
    claimed_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    -- How it ended: a lab's outcome, 'lost' for a lost lease, 'released' by a worker that stopped.
    ending TEXT,
    reason TEXT,
    -- JSON: its runs in the history.
    history_runs TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (run_id, attempt)
  ) STRICT;
  CREATE TABLE queue_results (
    result_id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL REFERENCES queue (run_id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    item TEXT NOT NULL,
    evaluator TEXT NOT NULL,
    -- JSON: everything else.
    body TEXT NOT NULL,
    created_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX queue_results_by_run ON queue_results (run_id, item, evaluator);
  CREATE TABLE queue_workers (
    worker TEXT PRIMARY KEY,
    -- JSON
    labels TEXT NOT NULL,
    concurrency INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- What the sinks of ended runs are to be sent: written with the end of the run.
  CREATE TABLE queue_deliveries (
    run_id TEXT NOT NULL REFERENCES queue (run_id) ON DELETE CASCADE,
    -- Its place among the sinks of the run's spec.
    sink INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    tries INTEGER NOT NULL,
    -- Not to be tried before: by whoever has it in hand, or after a pause.
    due_ms INTEGER NOT NULL,
    problem TEXT,
    PRIMARY KEY (run_id, sink)
  ) STRICT;
  CREATE INDEX queue_deliveries_due ON queue_deliveries (due_ms) WHERE state = 'pending';
  `,
  // Name, tags and notes of persons, as JSON; null for none.
  "ALTER TABLE runs ADD COLUMN annotations TEXT",
  // Why the worker takes no run now, as JSON; null when it does.
  "ALTER TABLE queue_workers ADD COLUMN pause TEXT",
];

/** Columns of `runs` that the first format did not have, with their value in a database that has not been migrated. */
export const ADDED_COLUMNS: Readonly<Record<string, number | "NULL">> = { raw: 0, pinned: 0, annotations: "NULL" };

/** Tables that the first format did not have, for reading a database that has not been migrated. */
export const ADDED_TABLES: Readonly<Record<string, string>> = {
  telemetry: "CREATE TEMP TABLE telemetry (run_key INTEGER, n INTEGER, body TEXT)",
};
