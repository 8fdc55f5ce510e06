/** Tickets and customers in memory, the same after each start and reset. */
import type { SupportCustomer, Ticket } from "./records.ts";

/** A refused request; the message is for the caller. */
export class SupportError extends Error {
  override readonly name = "SupportError";
}

export class TicketStore {
  #customers: SupportCustomer[] = [];
  #tickets: Ticket[] = [];

  constructor() {
    this.reset();
  }

  reset(): void {
    this.#customers = [
      { id: "cus_1", name: "Ada Marsh", plan: "starter" },
      { id: "cus_2", name: "Bruno Keller", plan: "team" },
    ];
    this.#tickets = [
      ticket(1, "cus_2", "ch_1005", "Please call back about my phone order"),
      ticket(2, "cus_1", "ch_1003", "I was charged twice for the extra seat"),
      ticket(3, "cus_2", null, "How do I add a colleague?"),
    ];
  }

  counts(): Record<string, number> {
    return { customers: this.#customers.length, tickets: this.#tickets.length };
  }

  /** Newest first. */
  tickets(): Ticket[] {
    return structuredClone(this.#tickets.toReversed());
  }

  ticket(id: string): Ticket {
    return structuredClone(this.#find(id));
  }

  ticketsAbout(charge: string): Ticket[] {
    return this.tickets().filter((each) => each.charge === charge);
  }

  reply(id: string, text: string): Ticket {
    const found = this.#find(id);
    found.replies.push(text);
    found.status = "answered";
    return structuredClone(found);
  }

  customer(id: string): SupportCustomer {
    const found = this.#customers.find((each) => each.id === id);
    if (!found) throw new SupportError(`No such customer: ${id}`);
    return { ...found };
  }

  /** Removes the customer with their tickets. */
  deleteCustomer(id: string): SupportCustomer {
    const found = this.customer(id);
    this.#customers = this.#customers.filter((each) => each.id !== id);
    this.#tickets = this.#tickets.filter(({ customer }) => customer !== id);
    return found;
  }

  #find(id: string): Ticket {
    const found = this.#tickets.find((each) => each.id === id);
    if (!found) throw new SupportError(`No such ticket: ${id}`);
    return found;
  }
}

function ticket(number: number, customer: string, charge: string | null, subject: string): Ticket {
  return { id: `t_${number}`, customer, charge, subject, status: "open", replies: [] };
}
