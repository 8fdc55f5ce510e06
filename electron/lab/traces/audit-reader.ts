import pg from "pg";
import { z } from "zod";
import { DECISIONS } from "../events/lab-event.ts";
import { messageOf } from "../lab-error.ts";

/** A row of the gateway's audit log, in the log's own order. */
export interface AuditRow {
  rowId: string;
  callId: string;
  sessionId: string;
  turnId: string;
  tool: string;
  arguments: unknown;
  decision: (typeof DECISIONS)[number];
  reason: string;
  backend: string;
  decidedWallMs: number;
  durationMs: number;
  traceId: string;
  spanId: string;
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const row = z
  .object({
    id: z.string(),
    call_id: text,
    session_id: text,
    turn_id: text,
    tool_name: text,
    arguments: z.unknown(),
    decision: z.enum(DECISIONS),
    reason: text,
    backend: text,
    decided_at: z.date(),
    duration_ms: z.number().nullish(),
    trace_id: text,
    span_id: text,
  })
  .transform(
    (value): AuditRow => ({
      rowId: value.id,
      callId: value.call_id || value.id,
      sessionId: value.session_id,
      turnId: value.turn_id,
      tool: value.tool_name,
      arguments: value.arguments,
      decision: value.decision,
      reason: value.reason,
      backend: value.backend,
      decidedWallMs: value.decided_at.getTime(),
      durationMs: value.duration_ms ?? 0,
      traceId: value.trace_id,
      spanId: value.span_id,
    }),
  );

const PAGE = 1_000;
const CONNECT_LIMIT_MS = 2_000;
/** A gateway without the notifying trigger is still read, only later. */
const LOOK_ANYWAY_MS = 500;
const RETRY_MS = 200;

/**
 * Follows the audit log: woken by the database as rows arrive, back after the database was away, and never twice or out
 * of order, since it asks for what comes after the last row it gave.
 */
export class AuditReader {
  readonly #connectionString: string;
  readonly #take: (row: AuditRow) => void;
  readonly #report: (problem: string) => void;
  readonly #stopped = new AbortController();
  #client: pg.Client | undefined;
  #lastId = "0";
  #reading: Promise<void> | undefined;
  #again = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(connectionString: string, take: (row: AuditRow) => void, report: (problem: string) => void) {
    this.#connectionString = connectionString;
    this.#take = take;
    this.#report = report;
  }

  /** Follows from the row after the last one there is now. @throws when the database cannot be reached */
  static async fromNow(
    connectionString: string,
    take: (row: AuditRow) => void,
    report: (problem: string) => void,
  ): Promise<AuditReader> {
    const reader = new AuditReader(connectionString, take, report);
    const client = await reader.#connect();
    const { rows } = await client.query("SELECT coalesce(max(id), 0)::text AS last FROM audit_log");
    reader.#lastId = rows[0].last;
    reader.#schedule(LOOK_ANYWAY_MS);
    return reader;
  }

  /** Reads what is there now. Resolves when it has been given, or when the database is away. */
  async read(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    await this.#reading;
    await this.#client?.end().catch(() => {});
  }

  async #readAll(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const client = this.#client ?? (await this.#connect());
      do {
        this.#again = false;
        while ((await this.#readPage(client)) === PAGE);
      } while (this.#again);
      this.#schedule(LOOK_ANYWAY_MS);
    } catch (error) {
      this.#lose();
      if (error instanceof z.ZodError) this.#report(`a row of the audit log cannot be read: ${z.prettifyError(error)}`);
      this.#schedule(RETRY_MS);
    }
  }

  async #readPage(client: pg.Client): Promise<number> {
    const { rows } = await client.query(
      `SELECT id::text, call_id::text, session_id, turn_id, tool_name, arguments, decision, reason, backend, decided_at,
       duration_ms, trace_id, span_id FROM audit_log WHERE id > $1 ORDER BY audit_log.id LIMIT ${PAGE}`,
      [this.#lastId],
    );
    for (const raw of rows) {
      const parsed = row.parse(raw);
      this.#lastId = parsed.rowId;
      this.#take(parsed);
    }
    return rows.length;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#connectionString,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      query_timeout: CONNECT_LIMIT_MS,
    });
    client.on("error", () => this.#lose());
    client.on("notification", () => void this.read());
    await client.connect();
    await client.query("LISTEN audit_log");
    this.#client = client;
    return client;
  }

  /** Drops the connection; the next look makes a new one. */
  #lose(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.end().catch((error: unknown) => this.#report(messageOf(error)));
  }

  #schedule(afterMs: number): void {
    if (this.#stopped.signal.aborted) return;
    this.#timer = setTimeout(() => void this.read(), afterMs);
  }
}
