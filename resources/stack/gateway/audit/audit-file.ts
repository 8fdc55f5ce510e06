/**
 * The audit log as a file, for a gateway without a database: one JSON object a line, `table` being audit_log, calls or
 * backend_changes and the other fields that table's columns; times are ISO 8601. Synced before the spool lets a row go. A row that was being
 * written while the gateway was killed may be there twice, with the same call_id and decision.
 */
import { closeSync, fdatasync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { type Insert, insertCalls, insertChanges, insertDecisions, type WriteRows } from "./writer.ts";

const synced = promisify(fdatasync);

export class AuditFile {
  readonly #descriptor: number;
  readonly decisions: WriteRows;
  readonly calls: WriteRows;
  readonly changes: WriteRows;

  /** Opens the file to append, or makes it for its owner alone. @throws the file system's error */
  constructor(path: string) {
    this.#descriptor = openSync(path, "a+", 0o600);
    this.#endLine();
    this.decisions = this.#writer(insertDecisions);
    this.calls = this.#writer(insertCalls);
    this.changes = this.#writer(insertChanges);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #writer({ table, columns }: Insert): WriteRows {
    return async (rows) => {
      const lines = rows.map((row) => `${JSON.stringify({ table, ...named(columns, JSON.parse(row)) })}\n`);
      this.#append(lines.join(""));
      await synced(this.#descriptor);
    };
  }

  /** The last line may be half a row, of a gateway that was killed as it wrote. */
  #endLine(): void {
    const { size } = fstatSync(this.#descriptor);
    if (size === 0) return;
    const last = Buffer.alloc(1);
    readSync(this.#descriptor, last, 0, 1, size - 1);
    if (last.toString() !== "\n") this.#append("\n");
  }

  #append(text: string): void {
    const bytes = Buffer.from(text);
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(this.#descriptor, bytes, sent);
  }
}

function named(columns: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column, index) => [column, asWritten(column, values[index])]));
}

/** In rows of the spool times are milliseconds since the epoch, and arguments are JSON inside JSON. */
function asWritten(column: string, value: unknown): unknown {
  if (column.endsWith("_at") && typeof value === "number") return new Date(value).toISOString();
  return column === "arguments" && typeof value === "string" ? JSON.parse(value) : value;
}
