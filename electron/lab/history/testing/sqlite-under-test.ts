import { join } from "node:path";
import Database from "better-sqlite3";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { type ProcessIdentity, thisProcess } from "../../process-identity.ts";
import { SqliteRunStore } from "../sqlite/sqlite-run-store.ts";
import { closedAtEnd, type StoreUnderTest } from "./store-under-test.ts";

export async function openStore(
  file = join(temporaryFolder(), "history.db"),
  owner: ProcessIdentity = thisProcess,
): Promise<SqliteRunStore> {
  return closedAtEnd(await SqliteRunStore.open(file, owner));
}

export function sqliteUnderTest(): StoreUnderTest {
  const file = join(temporaryFolder(), "history.db");
  return {
    open: (owner) => openStore(file, owner),
    failWrites: async () => {
      const allow = failWrites(file);
      return async () => allow();
    },
    blockWrites: async () => {
      const other = new Database(file);
      other.exec("BEGIN IMMEDIATE");
      return async () => void other.close();
    },
  };
}

/** Simulates a full disk for events. */
export function failWrites(file: string): () => void {
  const other = new Database(file);
  other.exec("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'database or disk is full'); END");
  return () => {
    other.exec("DROP TRIGGER full");
    other.close();
  };
}

/** What another process reads from the disk. */
export function query(file: string, sql: string): unknown[] {
  const database = new Database(file, { readonly: true });
  try {
    return database.prepare(sql).pluck().all();
  } finally {
    database.close();
  }
}
