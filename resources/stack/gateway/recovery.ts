/**
 * Brings the database to where this gateway may go on from: its tables are there, it has the rows that an earlier gateway
 * left on disk, and tickets that nobody waits for any more are ended. Tried until it succeeds, since the database may be
 * away when the gateway starts.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { endLeftovers, type Leftover } from "./approvals/leftovers.ts";
import { explainDatabaseFailure, isMisconfigured } from "./audit/database.ts";
import type { AuditEntry } from "./audit/entry.ts";
import { prepareSchema } from "./audit/schema.ts";
import type { Spool } from "./audit/spool.ts";

export interface RecoveryOptions {
  pool: Pool;
  databaseUrl: string;
  audit: Spool<AuditEntry>;
  log: (line: string) => void;
  onRecovered: (leftovers: readonly Leftover[]) => void;
}

const patienceMs = 3_000;
const shortestRetryMs = 100;
const longestRetryMs = 2_000;

export class Recovery {
  readonly #options: RecoveryOptions;
  readonly #stop = new AbortController();
  #problem: string | undefined = "it has not answered yet";

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** Why the database is not ready yet; undefined once it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Waits for the database no longer than it takes an orderly one; what is left to do goes on in the background.
   * @throws the database's error when it refuses this gateway, which only a person can change
   */
  async start(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      resolve();
    }, patienceMs);
    const first = this.#attempt().catch((error: unknown) => {
      if (!isLate && isMisconfigured(error)) throw error;
      this.#fail(error);
      this.#options.log(`database: ${this.#problem} Until then calls go on and approvals are refused`);
      void this.#tryOn();
    });
    await Promise.race([first, late]).finally(() => clearTimeout(timer));
  }

  stop(): void {
    this.#stop.abort();
  }

  async #tryOn(): Promise<void> {
    const { signal } = this.#stop;
    for (let delayMs = shortestRetryMs; !signal.aborted; delayMs = Math.min(delayMs * 2, longestRetryMs)) {
      await sleep(delayMs, undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#attempt();
        this.#options.log("database: it is ready");
        return;
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  async #attempt(): Promise<void> {
    const { pool, audit, log, onRecovered } = this.#options;
    const refused = await prepareSchema(pool);
    if (refused !== undefined) log(`calls: their table cannot be kept: ${refused}. Their rows wait in the spool`);
    // In this order: what ended a ticket is a later row than what the earlier gateway wrote of it.
    await audit.caughtUp;
    const leftovers = await endLeftovers(pool);
    this.#problem = undefined;
    onRecovered(leftovers);
  }

  #fail(error: unknown): void {
    this.#problem = explainDatabaseFailure(error, this.#options.databaseUrl);
  }
}
