import type { z } from "zod";
import { messageOf } from "../lab-error.ts";
import { AuditConnection, FIRST_ANSWER_LIMIT_MS } from "./audit-connection.ts";
import type { DecisionSource, MissingDecisions } from "./decision-source.ts";
import { UnreadableRows } from "./unreadable-rows.ts";

const PAGE = 1_000;
/** Also reads tables without the notifying trigger. */
const POLL_INTERVAL_MS = 500;
const RETRY_MS = 200;
/** PostgreSQL error class 42: a table or a column does not exist, or may not be read. */
const WRONG_SHAPE = /^42/;

/** An append-only table, or a query whose rows are only ever added to. */
export interface FollowedTable<Row> {
  /** What stands after FROM. */
  from: string;
  /** The expression of integers by which rows are ordered. */
  order: string;
  /** Notified of inserts; absent where nothing notifies. */
  channel?: string;
  /** Rows of several writers may appear after later ones: what was passed over is looked for. */
  hasLateRows?: true;
  /** Names for messages: of the table, and of a row before its number. */
  called: string;
  rowCalled: string;
  /** The columns that `row` parses, including `id` as text. */
  columns: string;
  row: z.ZodType<Row>;
}

/**
 * Follows a table: notified by the database as rows arrive, reconnects after an outage, and passes no row twice or out of
 * order, since it queries the rows after the last one it passed on. Reports what it could not read as missing.
 */
export class TableReader<Row> implements DecisionSource {
  readonly #table: FollowedTable<Row>;
  readonly #connectionString: string;
  readonly #take: (row: Row) => void;
  readonly #report: (problem: string) => void;
  readonly #stopped = new AbortController();
  readonly #unreadable: UnreadableRows;
  readonly #reported = new Set<string>();
  #connection: AuditConnection | undefined;
  #lastId: string | undefined;
  /** Where reading started, and the rows since: only where rows may be late. */
  #firstId = "0";
  readonly #passed = new Set<string>();
  /** Why the last read did not reach the end of the table. */
  #gap: string | undefined;
  #hasTable = true;
  #wasReplaced: string | undefined;
  #reading: Promise<boolean> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    table: FollowedTable<Row>,
    connectionString: string,
    take: (row: Row) => void,
    report: (problem: string) => void,
  ) {
    this.#table = table;
    this.#unreadable = new UnreadableRows(table.rowCalled);
    this.#connectionString = connectionString;
    this.#take = take;
    this.#report = report;
  }

  /**
   * Follows the table from its current end.
   * @throws when the database cannot be reached, or has no such table with the required columns
   */
  static async fromNow<Row>(
    table: FollowedTable<Row>,
    connectionString: string,
    take: (row: Row) => void,
    report: (problem: string) => void,
  ): Promise<TableReader<Row>> {
    const reader = new TableReader(table, connectionString, take, report);
    await reader.#connect();
    reader.#schedule(POLL_INTERVAL_MS);
    return reader;
  }

  async read(): Promise<boolean> {
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** False while the table does not exist or has other columns, as of the last read. */
  get hasTable(): boolean {
    return this.#hasTable;
  }

  missing(): readonly MissingDecisions[] {
    const unknown = [this.#gap, this.#wasReplaced].filter((why) => why !== undefined).map((why) => ({ why }));
    return [...unknown, ...this.#unreadable.missing()];
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    await this.#reading;
    await this.#connection?.close();
  }

  async #readAll(): Promise<boolean> {
    clearTimeout(this.#timer);
    try {
      // An open connection may have died unnoticed: only a new one shows whether the database can be reached.
      if (this.#connection === undefined || !(await this.#readToEnd(this.#connection).catch(() => false))) {
        this.#drop();
        await this.#readToEnd(await this.#connect());
      }
      this.#gap = undefined;
      this.#hasTable = true;
      this.#schedule(POLL_INTERVAL_MS);
      return true;
    } catch (error) {
      this.#drop();
      this.#gap = `${this.#table.called} cannot be read: ${messageOf(error)}`;
      if (isWrongShape(error)) {
        this.#hasTable = false;
        this.#reportOnce(this.#gap);
      }
      this.#schedule(RETRY_MS);
      return false;
    }
  }

  async #readToEnd(connection: AuditConnection): Promise<boolean> {
    do {
      this.#again = false;
      while ((await this.#readPage(connection)) === PAGE);
      if (this.#table.hasLateRows) await this.#readLate(connection);
    } while (this.#again);
    return true;
  }

  async #readPage(connection: AuditConnection): Promise<number> {
    const { from, order, columns } = this.#table;
    const rows = await connection.query<{ id: string }>(
      `SELECT ${columns} FROM ${from} WHERE ${order} > $1 ORDER BY ${order} LIMIT ${PAGE}`,
      [this.#lastId],
    );
    for (const raw of rows) {
      this.#pass(raw);
      this.#lastId = raw.id;
    }
    return rows.length;
  }

  /** A row is numbered before it is committed, so one of another writer may appear before the last one that was read. */
  async #readLate(connection: AuditConnection): Promise<void> {
    const { from, order, columns, called } = this.#table;
    const range = `FROM ${from} WHERE ${order} > $1 AND ${order} <= $2`;
    const ends = [this.#firstId, this.#lastId];
    const [present] = await connection.query<{ count: number }>(`SELECT count(*)::int AS count ${range}`, ends);
    const count = present?.count ?? 0;
    if (count === this.#passed.size) return;
    if (count < this.#passed.size) {
      this.#wasReplaced = `${called} has lost rows: of ${this.#passed.size} that were read it still has ${count}`;
      this.#reportOnce(this.#wasReplaced);
      return;
    }
    const rows = await connection.query<{ id: string }>(
      `SELECT ${columns} ${range} AND NOT ${order} = ANY($3::bigint[]) ORDER BY ${order}`,
      [...ends, [...this.#passed]],
    );
    for (const raw of rows) this.#pass(raw);
  }

  #pass(raw: { id: string }): void {
    const parsed = this.#table.row.safeParse(raw);
    if (parsed.success) this.#take(parsed.data);
    else this.#reportOnce(this.#unreadable.add(raw, parsed.error));
    if (this.#table.hasLateRows) this.#passed.add(raw.id);
  }

  async #connect(): Promise<AuditConnection> {
    const events = {
      lost: () => this.#connection === connection && this.#drop(),
      notified: () => void this.read(),
    };
    const limitMs = this.#lastId === undefined ? FIRST_ANSWER_LIMIT_MS : undefined;
    const connection = new AuditConnection(this.#connectionString, events, limitMs);
    try {
      await connection.open();
      await this.#findPosition(connection);
      if (this.#table.channel !== undefined) await connection.query(`LISTEN ${this.#table.channel}`);
    } catch (error) {
      await connection.close();
      throw error;
    }
    this.#connection = connection;
    return connection;
  }

  /** At first finds the end of the table; after a reconnect checks that the table has not been replaced. */
  async #findPosition(connection: AuditConnection): Promise<void> {
    const { from, order, called, columns } = this.#table;
    const [end] = await connection.query<{ last: string }>(
      `SELECT coalesce(max(${order}), 0)::bigint::text AS last FROM ${from}`,
    );
    const last = end?.last ?? "0";
    if (this.#lastId === undefined) {
      await connection.query(`SELECT ${columns} FROM ${from} LIMIT 0`);
      this.#lastId = last;
      this.#firstId = last;
    } else if (BigInt(last) < BigInt(this.#lastId)) {
      this.#wasReplaced = `${called} was emptied or replaced: its last row is ${last}, and row ${this.#lastId} had been read`;
      this.#reportOnce(this.#wasReplaced);
      this.#lastId = "0";
      this.#firstId = "0";
      this.#passed.clear();
    }
  }

  #reportOnce(problem: string | undefined): void {
    if (problem === undefined || this.#reported.has(problem)) return;
    this.#reported.add(problem);
    this.#report(problem);
  }

  /** Closes the connection; the next read opens a new one. */
  #drop(): void {
    void this.#connection?.close();
    this.#connection = undefined;
  }

  #schedule(afterMs: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => void this.read(), afterMs);
  }
}

function isWrongShape(error: unknown): boolean {
  return error instanceof Error && "code" in error && WRONG_SHAPE.test(String(error.code));
}
