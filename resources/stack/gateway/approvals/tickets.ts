/**
 * Tickets in the database, where approvals are decided: of concurrent attempts to settle a pending ticket, the conditional
 * update lets exactly one succeed.
 */
import type { Pool } from "pg";
import { storableJson } from "../audit/storable.ts";
import type { Settlement, Ticket, TicketStatus } from "./ticket.ts";

export interface TicketState {
  status: TicketStatus;
  by: string | undefined;
  tool: string;
}

/** Where tickets are kept. Of everyone who settles a pending one, exactly one succeeds. */
export interface TicketStore {
  /** @throws an Error that says why no ticket can be made now */
  insert(ticket: Ticket, channel: string): Promise<void>;
  /** True when this settled it: it was pending, for these very arguments. */
  settle(id: string, digest: string | undefined, settlement: Settlement): Promise<boolean>;
  /** Makes the record say what happened, whatever it says now. */
  correct(id: string, settlement: Settlement): Promise<void>;
  read(id: string): Promise<TicketState | undefined>;
  /** Notes which message asks for it. */
  noteMessage(id: string, timestamp: string): Promise<void>;
  /** Notes when it expires; undefined while its time stands still. */
  noteExpiry(id: string, expiresAt: Date | undefined): Promise<void>;
}

export class Tickets implements TicketStore {
  readonly #pool: Pool;
  readonly #problem: () => string | undefined;

  /** `problem`: why no ticket can be created yet. A ticket created before recovery would be expired as orphaned. */
  constructor(pool: Pool, problem: () => string | undefined) {
    this.#pool = pool;
    this.#problem = problem;
  }

  async insert(ticket: Ticket, channel: string): Promise<void> {
    const problem = this.#problem();
    if (problem !== undefined) throw new Error(problem);
    await this.#pool.query(
      `INSERT INTO approvals (id, call_id, session_id, turn_id, tool_name, arguments, digest, status, requested_at,
         expires_at, slack_channel)
       VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10)`,
      [
        ticket.id,
        ticket.callId,
        ticket.sessionId,
        ticket.turnId,
        ticket.tool,
        storableJson(ticket.arguments),
        ticket.digest,
        ticket.requestedAt,
        ticket.expiresAt,
        channel,
      ],
    );
  }

  /** True if this call settled it: it was pending, with exactly these arguments. */
  async settle(id: string, digest: string | undefined, settlement: Settlement): Promise<boolean> {
    const { rowCount } = await this.#pool.query(
      `UPDATE approvals SET status = $2, decided_by = $3, reason = $4, decided_at = now()
       WHERE id = $1 AND status = 'pending' AND ($5::text IS NULL OR digest = $5)`,
      [id, settlement.status, settlement.by ?? null, settlement.reason, digest ?? null],
    );
    return rowCount === 1;
  }

  /**
   * Overwrites the row with the actual outcome: for a hold that ended while the database was unreachable, when an earlier
   * update without a response may or may not have been executed.
   */
  async correct(id: string, settlement: Settlement): Promise<void> {
    await this.#pool.query(
      "UPDATE approvals SET status = $2, decided_by = $3, reason = $4, decided_at = now() WHERE id = $1 AND status <> $2",
      [id, settlement.status, settlement.by ?? null, settlement.reason],
    );
  }

  async read(id: string): Promise<TicketState | undefined> {
    const { rows } = await this.#pool.query<{ status: TicketStatus; decided_by: string | null; tool_name: string }>(
      "SELECT status, decided_by, tool_name FROM approvals WHERE id = $1",
      [id],
    );
    const [row] = rows;
    return row && { status: row.status, by: row.decided_by ?? undefined, tool: row.tool_name };
  }

  async noteMessage(id: string, timestamp: string): Promise<void> {
    await this.#pool.query("UPDATE approvals SET slack_ts = $2 WHERE id = $1", [id, timestamp]);
  }

  async noteExpiry(id: string, expiresAt: Date | undefined): Promise<void> {
    await this.#pool.query("UPDATE approvals SET expires_at = $2 WHERE id = $1 AND status = 'pending'", [
      id,
      expiresAt ?? null,
    ]);
  }
}
