/** Where the gateway keeps its decisions, its calls and its tickets: a database, or a file and its memory. */

import { reportWork } from "../http/work.ts";
import { MemoryTickets } from "./approvals/memory-tickets.ts";
import type { OrphanedTicket } from "./approvals/orphaned-tickets.ts";
import { type TicketStore, Tickets } from "./approvals/tickets.ts";
import { AuditFile } from "./audit/audit-file.ts";
import type { CallEntry } from "./audit/call-row.ts";
import { openPool } from "./audit/database.ts";
import type { AuditEntry } from "./audit/entry.ts";
import type { Spool } from "./audit/spool.ts";
import { insertCalls, insertChanges, insertDecisions, rowWriter, type WriteRows } from "./audit/writer.ts";
import { Recovery } from "./recovery.ts";
import type { RecordSettings } from "./settings.ts";

/** Whether the gateway may go on from what an earlier one has left. */
export interface Readiness {
  /** Why not yet; undefined once it may. */
  readonly problem: string | undefined;
  start(): Promise<void>;
  stop(): void;
}

/** Of an earlier process too, until they are in the database. */
export interface EarlierRows {
  audit: Spool<AuditEntry>;
  calls: Spool<CallEntry>;
}

export interface Records {
  decisions: WriteRows;
  calls: WriteRows;
  changes: WriteRows;
  tickets: (problem: () => string | undefined) => TicketStore;
  readiness: (earlier: EarlierRows, onRecovered: (orphans: readonly OrphanedTicket[]) => void) => Readiness;
  close: () => Promise<void>;
}

/** `historyLimit`: of tickets in memory. @throws the file system's error for a file that cannot be written */
export function openRecords(settings: RecordSettings, historyLimit: number, log: (line: string) => void): Records {
  if (settings.in === "file") return inFile(settings.path, historyLimit);
  const { url: databaseUrl } = settings;
  const pool = openPool(databaseUrl, log);
  const stopReporting = reportWork({
    get idleSockets() {
      return pool.idleCount;
    },
    get idleTimers() {
      return pool.idleCount;
    },
  });
  return {
    decisions: rowWriter(pool, insertDecisions),
    calls: rowWriter(pool, insertCalls),
    changes: rowWriter(pool, insertChanges),
    tickets: (problem) => new Tickets(pool, problem),
    readiness: (earlier, onRecovered) => new Recovery({ pool, databaseUrl, ...earlier, log, onRecovered }),
    close: () => {
      stopReporting();
      return pool.end();
    },
  };
}

function inFile(path: string, historyLimit: number): Records {
  const file = new AuditFile(path);
  return {
    decisions: file.decisions,
    calls: file.calls,
    changes: file.changes,
    tickets: () => new MemoryTickets(historyLimit),
    readiness: () => ({ problem: undefined, start: async () => {}, stop: () => {} }),
    close: async () => file.close(),
  };
}
