import { dirname } from "node:path";
import type Database from "better-sqlite3";
import { type OpenedDatabase, openDatabase, openToRead } from "../history/sqlite/database.ts";
import { LabError } from "../lab-error.ts";
import { assertWrittenByNobodyElse } from "../private-paths.ts";
import { isSameProcess, type ProcessIdentity } from "../process-identity.ts";
import { StackSecrets } from "./stack-secrets.ts";

/**
 * What the lab has started and broken, stored apart from the history and synced to disk at every step, so that the next
 * start, or another process, can restore everything after this process has died.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE holder (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    pid INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    purpose TEXT NOT NULL,
    since_wall_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE stacks (
    id TEXT PRIMARY KEY,
    project TEXT NOT NULL,
    file TEXT NOT NULL,
    kept INTEGER NOT NULL,
    attached INTEGER NOT NULL DEFAULT 0,
    docker TEXT,
    ports TEXT NOT NULL,
    without TEXT NOT NULL
  ) STRICT;
  CREATE TABLE processes (
    stack_id TEXT NOT NULL REFERENCES stacks (id) ON DELETE CASCADE,
    service TEXT NOT NULL,
    pid INTEGER,
    started_at TEXT,
    starter_pid INTEGER,
    starter_started_at TEXT,
    launch TEXT NOT NULL,
    PRIMARY KEY (stack_id, service)
  ) STRICT;
  CREATE TABLE endpoints (
    stack_id TEXT NOT NULL REFERENCES stacks (id) ON DELETE CASCADE,
    container TEXT NOT NULL,
    endpoints TEXT NOT NULL,
    PRIMARY KEY (stack_id, container)
  ) STRICT;
  CREATE TABLE faults (
    id TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    stack_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    identity TEXT NOT NULL,
    undo TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('intended', 'applied', 'closed')),
    result TEXT,
    intended_wall_ms INTEGER NOT NULL,
    expires_wall_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE halt (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    since_wall_ms INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX faults_open ON faults (stack_id) WHERE state <> 'closed';
  `,
  // Baseline of the target before the fault; replaces a table that covered networks only.
  `
  ALTER TABLE faults ADD COLUMN before TEXT;
  DROP TABLE endpoints;
  `,
  // Faults that outlive the lab that applied them.
  "ALTER TABLE faults ADD COLUMN standing INTEGER NOT NULL DEFAULT 0;",
];

/** Purpose of a lock owner that only restores what a dead lab left. It is soon done, so others wait for it. */
export const RECOVERY_PURPOSE = "restoring what a lab that died had broken";

/** The process that has locked a data folder. */
export interface LockOwner extends ProcessIdentity {
  purpose: string;
  sinceWallMs: number;
}

export interface Journal {
  database: Database.Database;
  /** Path to which a damaged journal was moved when this one was opened. */
  damagedMovedTo: string | undefined;
  /** Of the same data folder: the journal holds their names instead of their values. */
  secrets: StackSecrets;
  close(): void;
}

const SPEC = {
  name: "fault journal",
  migrations: MIGRATIONS,
  synchronous: "FULL",
  busyLimitMs: 5_000,
  // Environments of services, which may hold secrets.
  erasesDeleted: true,
} as const;

/** @throws LabError when the journal cannot be written: without it nothing may be broken. */
export function openJournal(file: string): Journal {
  const opened = openDatabase({ ...SPEC, file });
  if (opened.readOnlyBecause !== undefined) throw refusal(opened, "without a journal nothing can be broken safely");
  return toJournal(file, opened);
}

/**
 * Opens the journal to undo what it lists, also when it cannot be written: writes to it then fail.
 * @throws LabError when it is of a newer format
 */
export function openJournalToUndo(file: string): Journal {
  const opened = openDatabase({ ...SPEC, file });
  if (opened.isNewer) throw refusal(opened, "its contents may be misread");
  return toJournal(file, opened);
}

/** Opens the journal for reading: without a lock, and without creating or changing it. */
export function openJournalToRead(file: string): Journal {
  assertWrittenByNobodyElse(file);
  const database = openToRead(file);
  const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'stacks'").get() === undefined;
  if (isEmpty && database.memory) for (const sql of MIGRATIONS) database.exec(sql);
  return toJournal(file, { database });
}

function toJournal(
  file: string,
  { database, damagedMovedTo }: Pick<OpenedDatabase, "database" | "damagedMovedTo">,
): Journal {
  return { database, damagedMovedTo, secrets: new StackSecrets(dirname(file)), close: () => void database.close() };
}

/**
 * Erases deleted rows from the file too, where they stay until the write-ahead log, which has zeros in their place, is
 * written to it.
 */
export function eraseDeleted(database: Journal["database"]): void {
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
  } catch {
    // On a full disk, for instance: it happens when the last lab that has the journal open closes it.
  }
}

function refusal({ database, readOnlyBecause, isNewer }: OpenedDatabase, because: string): LabError {
  database.close();
  return new LabError("read-only", `${readOnlyBecause}; ${because}`, {
    hint: isNewer
      ? "update Resilience Lab, or point RESILIENCE_LAB_HOME at another folder"
      : "check the folder's permissions and free space, or point RESILIENCE_LAB_HOME at another folder",
  });
}

/**
 * Locks the data folder for this process, so that two labs never break or repair one stack at once. An owner that has
 * died is replaced.
 * @throws LabError `busy` naming the living owner
 */
export function acquireLock(journal: Journal, self: ProcessIdentity, purpose: string, wallMs: number): () => void {
  const { database } = journal;
  database
    .transaction(() => {
      const owner = lockOwnerOf(journal);
      if (owner && owner.pid !== self.pid && isSameProcess(owner)) throw busy(owner);
      database
        .prepare("INSERT OR REPLACE INTO holder (only, pid, started_at, purpose, since_wall_ms) VALUES (1, ?, ?, ?, ?)")
        .run(self.pid, self.startedAt, purpose, Math.round(wallMs));
    })
    .immediate();
  return () => {
    try {
      database.prepare("DELETE FROM holder WHERE pid = ? AND started_at = ?").run(self.pid, self.startedAt);
    } catch {
      // On a full disk. The lock is free anyway once this process has ended.
    }
  };
}

/** Whether another process keeps the journal from being written for longer than any write takes: it is frozen in one. */
export function isBlocked({ database }: Journal): boolean {
  try {
    database.transaction(() => {}).immediate();
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");
  }
}

export function lockOwnerOf(journal: Journal): LockOwner | undefined {
  const row = journal.database.prepare("SELECT * FROM holder").get() as
    | { pid: number; started_at: string; purpose: string; since_wall_ms: number }
    | undefined;
  return row && { pid: row.pid, startedAt: row.started_at, purpose: row.purpose, sinceWallMs: row.since_wall_ms };
}

function busy(owner: LockOwner): LabError {
  const since = new Date(owner.sinceWallMs).toLocaleTimeString();
  return new LabError("busy", `another lab is at work here: process ${owner.pid}, ${owner.purpose}, since ${since}`, {
    hint: {
      terminal: "wait for it, stop it, or point RESILIENCE_LAB_HOME at another folder and use --ports auto",
      window: "wait for it, stop it, or start this one with RESILIENCE_LAB_HOME set to another folder",
    },
  });
}
