import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import Database from "better-sqlite3";
import { isFullDisk, LabError, MAKE_SPACE, messageOf } from "../../lab-error.ts";
import { assertWrittenByNobodyElse, closeFile } from "../../private-paths.ts";

export interface OpenedDatabase {
  database: Database.Database;
  /** Why the file can only be read; absent when it can be written. */
  readOnlyBecause?: string;
  /** Written by a newer version, so that its contents may be misread. */
  isNewer: boolean;
  /** Path to which a corrupt file was moved. */
  damagedMovedTo?: string;
}

export interface DatabaseSpec {
  file: string;
  /** Its name in messages, such as `run history`. */
  name: string;
  /** Numbered from 1 by position; each runs once, in a transaction. Append only. */
  migrations: readonly string[];
  /** FULL: a commit survives a power cut. NORMAL: it survives the death of the process. */
  synchronous: "FULL" | "NORMAL";
  /** How long a write waits for another process. */
  busyLimitMs: number;
  /** Overwrites deleted data, also in free pages of the file. Costs a write of each freed page. */
  erasesDeleted?: boolean;
}

const READ_SCHEMA = "SELECT count(*) FROM sqlite_schema";
/** On the engine's thread, where a wait delays the watchdog's heartbeat: shorter than the watchdog's limit. */
export const BUSY_LIMIT_MS = 1_500;
/** On the store's own threads, where a wait delays only what is written after it. */
export const STORE_BUSY_LIMIT_MS = 10_000;

/**
 * Opens a database and migrates it to this version. One that cannot be written, or is of a newer version, is opened
 * read-only; a corrupt one is renamed and replaced by a new one. Accessible to its owner only.
 * @throws LabError when it cannot be opened, or another user may have written it
 */
export function openDatabase(spec: DatabaseSpec): OpenedDatabase {
  makePrivate(spec.file);
  try {
    return openAndMigrate(spec);
  } catch (error) {
    if (!isCorruption(error)) throw explain(error, spec);
    const damagedMovedTo = moveCorrupt(spec);
    return { ...openAndMigrate(spec), damagedMovedTo };
  }
}

/** SQLite gives its -wal and -shm files the mode of the database, so it must be set before they are created. */
function makePrivate(file: string): void {
  for (const each of [file, `${file}-wal`, `${file}-shm`]) {
    assertWrittenByNobodyElse(each);
    try {
      closeFile(each);
      if (each === file && !existsSync(file)) closeSync(openSync(file, "a", 0o600));
    } catch {
      // SQLite, which opens it next, reports the error.
    }
  }
}

function openAndMigrate(spec: DatabaseSpec): OpenedDatabase {
  let database: Database.Database | undefined;
  try {
    database = new Database(spec.file);
    database.pragma(`busy_timeout = ${spec.busyLimitMs}`);
    if (versionOf(database) > spec.migrations.length) throw new NewerFormat();
    // SQLite itself would only report it at the first write, in the middle of a run.
    accessSync(spec.file, constants.W_OK);
    database.pragma("journal_mode = WAL");
    database.pragma(`synchronous = ${spec.synchronous}`);
    database.pragma("foreign_keys = ON");
    if (spec.erasesDeleted) database.pragma("secure_delete = ON");
    // Not locked for nothing: another process may be writing, or be frozen in a write.
    if (versionOf(database) < spec.migrations.length) migrate(database, spec.migrations);
    database.prepare(READ_SCHEMA).get();
    return { database, isNewer: false };
  } catch (error) {
    database?.close();
    if (!(error instanceof NewerFormat) && !isUnwritable(error)) throw error;
    const readable = openOrElse(spec.file, error);
    const version = versionOf(readable);
    // A database that does not exist yet reads as empty.
    if (version === 0) migrateEmpty(readable, spec, error);
    const isNewer = version > spec.migrations.length;
    return { database: readable, isNewer, readOnlyBecause: whyReadOnly(spec, version, error) };
  }
}

/** @throws `error` for a database that was created, but could not be filled, such as on a full disk */
function migrateEmpty(readable: Database.Database, { migrations }: DatabaseSpec, error: unknown): void {
  try {
    migrate(readable, migrations);
  } catch {
    readable.close();
    throw error;
  }
}

/** @throws the corruption, if there is one, else the error that kept the file from being written */
function openOrElse(file: string, error: unknown): Database.Database {
  try {
    return openToRead(file);
  } catch (unreadable) {
    throw isCorruption(unreadable) ? unreadable : error;
  }
}

class NewerFormat extends Error {}

function whyReadOnly({ name, file, migrations }: DatabaseSpec, version: number, error: unknown): string {
  if (version <= migrations.length) return `the ${name} ${file} cannot be written: ${messageOf(error)}`;
  return `the ${name} ${file} was written by a newer Resilience Lab (format ${version}, this one knows ${migrations.length})`;
}

/**
 * Opens a database for reading, even in a read-only folder or on a full disk: where SQLite cannot create the files that it
 * shares with writers, the content is read into memory. A missing or empty file reads as empty. It may be of an older
 * format: readers only use what the first format had.
 */
export function openToRead(file: string): Database.Database {
  if (sizeOf(file) === 0) return new Database(":memory:");
  const database = new Database(file, { readonly: true });
  try {
    database.pragma(`busy_timeout = ${BUSY_LIMIT_MS}`);
    database.prepare(READ_SCHEMA).get();
    return database;
  } catch (error) {
    database.close();
    if (isCorruption(error) || sizeOf(`${file}-wal`) > 0) throw error;
    return fromContent(readFileSync(file));
  }
}

/** Sets bytes 18 and 19 to "no write-ahead log", which an in-memory copy has not: https://sqlite.org/fileformat.html */
function fromContent(content: Buffer): Database.Database {
  content.fill(1, 18, 20);
  const database = new Database(content);
  database.pragma("query_only = ON");
  return database;
}

/** Size in bytes; 0 for a missing file. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function versionOf(database: Database.Database): number {
  return Number(database.pragma("user_version", { simple: true }));
}

function migrate(database: Database.Database, migrations: readonly string[]): void {
  const run = database.transaction(() => {
    const version = versionOf(database);
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

/** No permission to write, or no space. */
function isUnwritable(error: unknown): boolean {
  return /^(SQLITE_(READONLY|PERM|CANTOPEN|FULL|IOERR)|EACCES|EPERM|EROFS)/.test(codeOf(error));
}

function moveCorrupt(spec: DatabaseSpec): string {
  const { file } = spec;
  const target = `${file}.corrupt-${new Date().toISOString().replaceAll(":", "-")}`;
  try {
    for (const suffix of ["-wal", "-shm", ""]) {
      if (existsSync(file + suffix)) renameSync(file + suffix, target + suffix);
    }
  } catch (error) {
    throw explain(error, spec);
  }
  return target;
}

/** An error of an open database as a LabError; other errors unchanged. */
export function explainDatabaseError(error: unknown, name: string, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  if (isCorruption(error)) {
    return new LabError("internal", `the ${name} ${file} is damaged: ${error.message}`, {
      hint: "move the file away and keep it; a new one is then created",
      cause: error,
    });
  }
  return new LabError("internal", `the ${name} ${file} cannot be written: ${error.message}`, {
    hint: "make space, or point RESILIENCE_LAB_HOME at another folder",
    cause: error,
  });
}

function explain(error: unknown, spec: DatabaseSpec): LabError {
  return new LabError("bad-input", `the ${spec.name} ${spec.file} cannot be opened: ${messageOf(error)}`, {
    hint: isFullDisk(error)
      ? MAKE_SPACE
      : "check the folder's permissions and free space, or point RESILIENCE_LAB_HOME at another folder",
    cause: error,
  });
}
