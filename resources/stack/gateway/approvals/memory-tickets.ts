/** Tickets of a gateway without a database. They end with the process: a click on an older message finds none. */
import type { Settlement, Ticket, TicketStatus } from "./ticket.ts";
import type { TicketState, TicketStore } from "./tickets.ts";

interface Kept {
  tool: string;
  digest: string;
  status: TicketStatus;
  by: string | undefined;
}

export class MemoryTickets implements TicketStore {
  readonly #tickets = new Map<string, Kept>();
  readonly #limit: number;

  /** Settled tickets are kept for late clicks, up to the limit: the oldest go first, and none that is pending. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  async insert({ id, tool, digest }: Ticket): Promise<void> {
    this.#tickets.set(id, { tool, digest, status: "pending", by: undefined });
    if (this.#tickets.size > this.#limit) this.#forgetOldest();
  }

  async settle(id: string, digest: string | undefined, { status, by }: Settlement): Promise<boolean> {
    const ticket = this.#tickets.get(id);
    if (ticket?.status !== "pending" || (digest !== undefined && digest !== ticket.digest)) return false;
    Object.assign(ticket, { status, by });
    return true;
  }

  async correct(id: string, { status, by }: Settlement): Promise<void> {
    const ticket = this.#tickets.get(id);
    if (ticket) Object.assign(ticket, { status, by });
  }

  async read(id: string): Promise<TicketState | undefined> {
    const ticket = this.#tickets.get(id);
    return ticket && { status: ticket.status, by: ticket.by, tool: ticket.tool };
  }

  async noteMessage(): Promise<void> {}

  async noteExpiry(): Promise<void> {}

  #forgetOldest(): void {
    for (const [id, { status }] of this.#tickets) {
      if (status === "pending") continue;
      this.#tickets.delete(id);
      return;
    }
  }
}
