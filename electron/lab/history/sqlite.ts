import { accessSync, constants, existsSync, renameSync } from "node:fs";
import Database from "better-sqlite3";
import { LabError, messageOf } from "../lab-error.ts";

export interface OpenedDatabase {
  database: Database.Database;
  /** Set when the file may only be read: why, in words for a person. */
  readOnlyBecause?: string;
  /** Set when a corrupt file was found: where it was put. */
  setAsideTo?: string;
}

export interface DatabaseSpec {
  file: string;
  /** What a person calls it in a message, such as `run history`. */
  name: string;
  /** Numbered from 1 by position; each runs once, in a transaction. Append only. */
  migrations: readonly string[];
  /** FULL: a commit survives a power cut. NORMAL: it survives the death of the process. */
  synchronous: "FULL" | "NORMAL";
}

/**
 * Opens a database and brings it to this version. One of a newer version is opened to read only; a corrupt one is moved
 * aside, whole, and a fresh one takes its place.
 */
export function openDatabase(spec: DatabaseSpec): OpenedDatabase {
  try {
    return openAndMigrate(spec);
  } catch (error) {
    if (!isCorruption(error)) throw explain(error, spec);
    const setAsideTo = setAside(spec.file);
    return { ...openAndMigrate(spec), setAsideTo };
  }
}

function openAndMigrate(spec: DatabaseSpec): OpenedDatabase {
  const database = new Database(spec.file);
  try {
    database.pragma("busy_timeout = 5000");
    const version = Number(database.pragma("user_version", { simple: true }));
    if (version > spec.migrations.length) {
      database.close();
      return {
        database: new Database(spec.file, { readonly: true }),
        readOnlyBecause: `the ${spec.name} ${spec.file} was written by a newer Resilience Lab (format ${version}, this one knows ${spec.migrations.length})`,
      };
    }
    // SQLite itself would only say so at the first write, in the middle of a run.
    accessSync(spec.file, constants.W_OK);
    database.pragma("journal_mode = WAL");
    database.pragma(`synchronous = ${spec.synchronous}`);
    database.pragma("foreign_keys = ON");
    migrate(database, spec.migrations);
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
    return { database };
  } catch (error) {
    database.close();
    if (!isUnwritable(error)) throw error;
    return {
      database: new Database(spec.file, { readonly: true }),
      readOnlyBecause: `the ${spec.name} ${spec.file} cannot be written: ${messageOf(error)}`,
    };
  }
}

function migrate(database: Database.Database, migrations: readonly string[]): void {
  const run = database.transaction(() => {
    const version = Number(database.pragma("user_version", { simple: true }));
    for (const [index, sql] of migrations.entries()) {
      if (index < version) continue;
      database.exec(sql);
      database.pragma(`user_version = ${index + 1}`);
    }
  });
  run.immediate();
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function isCorruption(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error));
}

function isUnwritable(error: unknown): boolean {
  return /^(SQLITE_(READONLY|PERM)|EACCES|EPERM|EROFS)/.test(codeOf(error));
}

function setAside(file: string): string {
  const target = `${file}.corrupt-${new Date().toISOString().replaceAll(":", "-")}`;
  for (const suffix of ["-wal", "-shm", ""]) {
    if (existsSync(file + suffix)) renameSync(file + suffix, target + suffix);
  }
  return target;
}

/** What went wrong with a database that was opened well, in words for a person; anything else as it was. */
export function explainTrouble(error: unknown, name: string, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  if (isCorruption(error)) {
    return new LabError("internal", `the ${name} ${file} is damaged: ${error.message}`, {
      cure: "keep the file, move it away, and a new one is begun",
      cause: error,
    });
  }
  return new LabError("internal", `the ${name} ${file} cannot be written: ${error.message}`, {
    cure: "make space, or point RESILIENCE_LAB_HOME at another folder",
    cause: error,
  });
}

function explain(error: unknown, spec: DatabaseSpec): LabError {
  return new LabError("bad-input", `the ${spec.name} ${spec.file} cannot be opened: ${messageOf(error)}`, {
    cure: "check the folder's permissions and free space, or point RESILIENCE_LAB_HOME at another folder",
    cause: error,
  });
}
