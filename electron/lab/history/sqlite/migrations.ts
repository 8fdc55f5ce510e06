/** What a person calls it in a message. */
export const HISTORY_NAME = "run history";

/** Append only: what has shipped is never edited. Position is the version. */
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
  // Runs on their way in: their events have the number with a minus as their run's key, and no run until all are here.
  `
  CREATE TABLE arrivals (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_pid INTEGER NOT NULL,
    owner_started TEXT NOT NULL
  ) STRICT;
  `,
  // Runs that are gone, whose events go bit by bit. Their keys are not given to others before that.
  `
  CREATE TABLE removals (run_key INTEGER PRIMARY KEY) STRICT;
  `,
  // 1: recorded as it was, secrets and all, as a person asked for. Such a run is not exported.
  "ALTER TABLE runs ADD COLUMN raw INTEGER NOT NULL DEFAULT 0",
  // 1: kept when older ones are trimmed.
  "ALTER TABLE runs ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0",
];

/** Columns of `runs` that the first format had not, with what they are in a database that has yet to be brought further. */
export const ADDED_COLUMNS: Readonly<Record<string, number>> = { raw: 0, pinned: 0 };
