/**
 * Prepares the database for this gateway: creates the tables, writes the rows that an earlier gateway left on disk, and
 * expires orphaned tickets. Retried until it succeeds, since the database may be down when the gateway starts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { expireOrphanedTickets, expireUnheldCalls, type OrphanedTicket } from "./approvals/orphaned-tickets.ts";
import type { CallEntry } from "./audit/call-row.ts";
import { explainDatabaseFailure, isMisconfigured } from "./audit/database.ts";
import type { AuditEntry } from "./audit/entry.ts";
import { prepareSchema } from "./audit/schema.ts";
import type { Spool } from "./audit/spool.ts";

export interface RecoveryOptions {
  pool: Pool;
  databaseUrl: string;
  audit: Spool<AuditEntry>;
  calls: Spool<CallEntry>;
  log: (line: string) => void;
  onRecovered: (orphans: readonly OrphanedTicket[]) => void;
}

const startWaitMs = 3_000;
const shortestRetryMs = 100;
const longestRetryMs = 2_000;

export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #stop = new AbortController();
  readonly #startedAt = new Date();
  #problem: string | undefined = "it has not answered yet";

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Why the database is not ready yet; undefined once it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Waits for the database for at most `startWaitMs`; the rest continues in the background.
   * @throws the database's error if it refuses this gateway, which a retry cannot change
   */
  async start(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      resolve();
    }, startWaitMs);
    const first = this.#attempt().catch((error: unknown) => {
      if (!isLate && isMisconfigured(error)) throw error;
      this.#fail(error);
      this.#options.log(`database: ${this.#problem} Until then calls continue and approvals are refused`);
      void this.#retry();
    });
    await Promise.race([first, late]).finally(() => clearTimeout(timer));
  }

  stop(): void {
    this.#stop.abort();
  }

  async #retry(): Promise<void> {
    const { signal } = this.#stop;
    for (let delayMs = shortestRetryMs; !signal.aborted; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      await sleep(delayMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#attempt();
        this.#options.log("database: ready");
        return;
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  async #attempt(): Promise<void> {
    const { pool, audit, log, onRecovered } = this.#options;
    const refused = await prepareSchema(pool);
    for (const problem of refused) log(`${problem}. The rows stay in the spool`);
    // In this order: the row that expires a ticket must follow the earlier gateway's rows for it.
    await audit.caughtUp;
    const orphans = await expireOrphanedTickets(pool);
    this.#problem = undefined;
    onRecovered(orphans);
    void this.#endUnheldCalls();
  }

  /** Nothing waits for it: the table of calls may be unusable, and then such a call ends at a later start. */
  async #endUnheldCalls(): Promise<void> {
    const { pool, calls, log } = this.#options;
    await calls.caughtUp;
    if (this.#stop.signal.aborted) return;
    await expireUnheldCalls(pool, this.#startedAt).catch((error: Error) => {
      log(`approvals: a call of an earlier gateway process may still be without an end: ${error.message}`);
    });
  }

  #fail(error: unknown): void {
    this.#problem = explainDatabaseFailure(error, this.#options.databaseUrl);
  }
}
