/** Charges, refunds and customers in memory. Each operation completes or throws a LedgerError, without partial changes. */
import type { Charge, Customer, Refund, RefundReason } from "./records.ts";
import { type Seed, seed } from "./seed.ts";

/** A refused request; the message is for the caller. */
export class LedgerError extends Error {
  override readonly name = "LedgerError";
}

export interface RefundRequest {
  chargeId: string;
  /** Cents; the remaining amount of the charge if absent. */
  amount?: number | undefined;
  reason: RefundReason;
  idempotencyKey?: string | undefined;
}

export interface RefundOutcome {
  refund: Refund;
  charge: Charge;
}

/** Idempotency keys remembered for retries; beyond the limit the oldest are removed. */
const idempotencyKeyLimit = 10_000;
/** Older charges can be looked up and refunded, but are not listed. */
const RECENT_DAYS = 90;

export class Ledger {
  readonly #now: () => Date;
  #records: Seed = seed();
  #outcomes = new Map<string, { request: string; outcome: RefundOutcome }>();
  #messages = 0;

  constructor(now: () => Date = () => new Date()) {
    this.#now = now;
  }

  reset(): void {
    this.#records = seed();
    this.#outcomes = new Map();
    this.#messages = 0;
  }

  /** Counts a message to the support team. Returns its id. */
  notify(): string {
    return `msg_${++this.#messages}`;
  }

  counts(): { charges: number; refunds: number; customers: number } {
    const { charges, refunds, customers } = this.#records;
    return { charges: charges.length, refunds: refunds.length, customers: customers.length };
  }

  /** Newest first, those of the {@link RECENT_DAYS} days up to the newest. */
  recentCharges(limit: number): Charge[] {
    const { charges } = this.#records;
    const oldestMs = Date.parse(charges[0]?.created ?? "") - RECENT_DAYS * 86_400_000;
    const recent = charges.filter(({ created }) => Date.parse(created) >= oldestMs);
    return recent.slice(0, limit).map((charge) => ({ ...charge }));
  }

  charge(id: string): Charge {
    return { ...this.#find(id) };
  }

  refundsOf(chargeId: string): Refund[] {
    this.#find(chargeId);
    return this.#records.refunds.filter((refund) => refund.charge === chargeId).map((refund) => ({ ...refund }));
  }

  refund(request: RefundRequest): RefundOutcome {
    const { idempotencyKey: key, ...rest } = request;
    const asked = JSON.stringify([rest.chargeId, rest.amount ?? null, rest.reason]);
    const earlier = key === undefined ? undefined : this.#outcomes.get(key);
    if (earlier && earlier.request !== asked) {
      throw new LedgerError(`Idempotency key ${key} was used for a different refund. Use a new key.`);
    }
    if (earlier) return earlier.outcome;
    const outcome = this.#refundNow(rest);
    if (key !== undefined) this.#remember(key, asked, outcome);
    return outcome;
  }

  deleteCustomer(id: string): Customer {
    const { customers } = this.#records;
    const index = customers.findIndex((customer) => customer.id === id);
    const [deleted] = index < 0 ? [] : customers.splice(index, 1);
    if (!deleted) throw new LedgerError(`No such customer: ${id}`);
    return deleted;
  }

  #refundNow({ chargeId, amount, reason }: Omit<RefundRequest, "idempotencyKey">): RefundOutcome {
    const charge = this.#find(chargeId);
    const left = charge.amount - charge.amount_refunded;
    if (left === 0) throw new LedgerError(`Charge ${chargeId} has already been refunded.`);
    const refunded = amount ?? left;
    if (refunded > left) {
      throw new LedgerError(`Refund amount ${refunded} is greater than the ${left} cents left on charge ${chargeId}.`);
    }
    charge.amount_refunded += refunded;
    charge.refunded = charge.amount_refunded === charge.amount;
    const refund: Refund = {
      id: `re_${this.#records.refunds.length + 1}`,
      charge: chargeId,
      amount: refunded,
      currency: charge.currency,
      reason,
      created: this.#now().toISOString(),
    };
    this.#records.refunds.push(refund);
    return { refund: { ...refund }, charge: { ...charge } };
  }

  #remember(key: string, request: string, outcome: RefundOutcome): void {
    if (this.#outcomes.size >= idempotencyKeyLimit) {
      for (const oldest of this.#outcomes.keys()) {
        this.#outcomes.delete(oldest);
        break;
      }
    }
    this.#outcomes.set(key, { request, outcome });
  }

  #find(id: string): Charge {
    const charge = this.#records.charges.find((candidate) => candidate.id === id);
    if (!charge) throw new LedgerError(`No such charge: ${id}`);
    return charge;
  }
}
