import { Socket } from "node:net";
import pg from "pg";

const ANSWER_LIMIT_MS = 2_000;
/** Without its first answer a run knows no decision at all; later there is always another attempt. */
export const FIRST_ANSWER_LIMIT_MS = 10_000;
const CLOSE_LIMIT_MS = 1_000;

/** A connection to the audit log's database on which nothing is waited for without a bound. */
export class AuditConnection {
  readonly #socket = new Socket();
  readonly #client: pg.Client;

  /** @param lost told when the database has closed the connection */
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
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.#client.query<Row>(text, values)).rows;
  }

  /** Says goodbye; a database that is frozen does not answer that, and then the socket is closed all the same. */
  async close(): Promise<void> {
    const limit = setTimeout(() => this.#socket.destroy(), CLOSE_LIMIT_MS);
    await this.#client.end().catch(() => {});
    clearTimeout(limit);
  }
}
