/** What the two databases call differently in the tables of the queue. */
export interface QueueDialect {
  /** A number of its own for each row, in the order in which they were added. */
  number: string;
  /** A type for milliseconds since the epoch. */
  big: string;
  /** Ends the definition of a table. */
  strict: string;
}

/** Released: never changed. */
export function queueTables({ number, big, strict }: QueueDialect): string {
  return `
  -- Submitted runs; times in milliseconds since the epoch, by the clock of the database.
  CREATE TABLE queue (
    number ${number},
    run_id text NOT NULL UNIQUE,
    -- JSON, with every default filled in.
    spec text NOT NULL,
    -- JSON: labels that its worker must have.
    labels text NOT NULL,
    max_attempts integer NOT NULL,
    deadline_ms ${big} NOT NULL,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'ended')),
    attempt integer NOT NULL DEFAULT 0,
    worker text,
    claimed_ms ${big},
    lease_until_ms ${big},
    cancel_requested integer NOT NULL DEFAULT 0,
    outcome text,
    reason text,
    -- JSON
    summary text,
    submitted_ms ${big} NOT NULL,
    started_ms ${big},
    finished_ms ${big},
    CHECK (state <> 'running' OR (worker IS NOT NULL AND claimed_ms IS NOT NULL AND lease_until_ms IS NOT NULL)),
    CHECK ((state = 'ended') = (outcome IS NOT NULL))
  )${strict};
  CREATE INDEX queue_open ON queue (number) WHERE state <> 'ended';
  CREATE INDEX queue_by_state ON queue (state, number);
  CREATE TABLE queue_attempts (
    run_id text NOT NULL REFERENCES queue (run_id) ON DELETE CASCADE,
    attempt integer NOT NULL,
    worker text NOT NULL,
    claimed_ms ${big} NOT NULL,
    ended_ms ${big},
    -- How it ended: a lab's outcome, 'lost' for a lost lease, 'released' by a worker that stopped.
    ending text,
    reason text,
    -- JSON: its runs in the history.
    history_runs text NOT NULL DEFAULT '[]',
    PRIMARY KEY (run_id, attempt)
  )${strict};
  CREATE TABLE queue_results (
    result_id text PRIMARY KEY,
    run_id text NOT NULL REFERENCES queue (run_id) ON DELETE CASCADE,
    attempt integer NOT NULL,
    item text NOT NULL,
    evaluator text NOT NULL,
    -- JSON: everything else.
    body text NOT NULL,
    created_ms ${big} NOT NULL
  )${strict};
  CREATE INDEX queue_results_by_run ON queue_results (run_id, item, evaluator);
  CREATE TABLE queue_workers (
    worker text PRIMARY KEY,
    -- JSON
    labels text NOT NULL,
    concurrency integer NOT NULL,
    seen_ms ${big} NOT NULL
  )${strict};
  
  `;
}

/** Released: never changed. */
export function deliveryTable({ big, strict }: QueueDialect): string {
  return `
  -- What the sinks of ended runs are to be sent: written with the end of the run.
  CREATE TABLE queue_deliveries (
    run_id text NOT NULL REFERENCES queue (run_id) ON DELETE CASCADE,
    -- Its place among the sinks of the run's spec.
    sink integer NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    tries integer NOT NULL,
    -- Not to be tried before: by whoever has it in hand, or after a pause.
    due_ms ${big} NOT NULL,
    problem text,
    PRIMARY KEY (run_id, sink)
  )${strict};
  CREATE INDEX queue_deliveries_due ON queue_deliveries (due_ms) WHERE state = 'pending';
  
  `;
}

/** Name, tags and notes of persons, as JSON; null for none. */
export const ANNOTATIONS = "ALTER TABLE runs ADD COLUMN annotations TEXT";

/** Why the worker takes no run now, as JSON; null when it does. */
export const WORKER_PAUSE = "ALTER TABLE queue_workers ADD COLUMN pause TEXT";

/** Which of the runs that were requested together, as JSON; null for a run that was requested alone. */
export const BATCH = "ALTER TABLE runs ADD COLUMN batch TEXT";
