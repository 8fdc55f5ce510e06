import { Socket } from "node:net";
import pg from "pg";

const ANSWER_LIMIT_MS = 2_000;
/** Longer than for later answers, which are retried: without the first one a run has no decisions at all. */
export const FIRST_ANSWER_LIMIT_MS = 10_000;
const CLOSE_LIMIT_MS = 1_000;

/** A connection to the audit log's database with a time limit on every operation. */
export class AuditConnection {
  readonly #socket = new Socket();
  readonly #client: pg.Client;

  /** @param events.lost called when the database has closed the connection */
  constructor(
    connectionString: string,
    events: { lost: () => void; notified: () => void },
    answerLimitMs = ANSWER_LIMIT_MS,
  ) {
    this.#client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: answerLimitMs,
      query_timeout: answerLimitMs,
      stream: () => this.#socket,
    });
    this.#client.on("error", events.lost);
    this.#client.on("notification", events.notified);
  }

  async open(): Promise<void> {
    await this.#client.connect();
    // Nothing of a person's database is changed, whatever a query of theirs calls.
    await this.#client.query("SET default_transaction_read_only = on");
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#client.query<Row>(text, values)).rows;
  }

  /** Ends the session; destroys the socket when the database, which may be frozen, does not answer. */
  async close(): Promise<void> {
    const limit = setTimeout(() => this.#socket.destroy(), CLOSE_LIMIT_MS);
    await this.#client.end().catch(() => {});
    clearTimeout(limit);
  }
}
