import { describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";

const ledger = () => new Ledger(() => new Date("2025-12-01T00:00:00Z"));
const reason = "requested_by_customer" as const;

describe("refunds", () => {
  test("are in full by default", () => {
    const books = ledger();
    expect(books.refund({ chargeId: "ch_1007", reason })).toMatchObject({
      refund: { id: "re_4", charge: "ch_1007", amount: 2_500, created: "2025-12-01T00:00:00.000Z" },
      charge: { amount_refunded: 2_500, refunded: true },
    });
    expect(books.refundsOf("ch_1007")).toHaveLength(1);
  });

  test("take what is left of a charge that is refunded in part", () => {
    expect(ledger().refund({ chargeId: "ch_1004", reason }).refund.amount).toBe(5_000);
  });

  test("can be partial, up to what is left", () => {
    const books = ledger();
    expect(books.refund({ chargeId: "ch_1002", amount: 1_000, reason }).charge).toMatchObject({ refunded: false });
    expect(() => books.refund({ chargeId: "ch_1002", amount: 4_001, reason })).toThrow(
      "greater than the 4000 cents left",
    );
    expect(books.refund({ chargeId: "ch_1002", amount: 4_000, reason }).charge).toMatchObject({ refunded: true });
    expect(() => books.refund({ chargeId: "ch_1002", amount: 1, reason })).toThrow("already been refunded");
  });

  test("of an unknown charge change nothing", () => {
    const books = ledger();
    expect(() => books.refund({ chargeId: "ch_1", reason })).toThrow("No such charge: ch_1");
    expect(books.counts()).toEqual({ charges: 8, refunds: 3, customers: 3 });
  });

  test("with the same key happen once", () => {
    const books = ledger();
    const request = { chargeId: "ch_1002", amount: 1_000, reason, idempotencyKey: "k" };
    const first = books.refund(request);
    expect(books.refund(request)).toEqual(first);
    expect(books.charge("ch_1002").amount_refunded).toBe(1_000);
    expect(() => books.refund({ ...request, amount: 2_000 })).toThrow("used for a different refund");
  });

  test("that are refused leave their key free", () => {
    const books = ledger();
    expect(() => books.refund({ chargeId: "ch_1008", reason, idempotencyKey: "k" })).toThrow("already");
    expect(books.refund({ chargeId: "ch_1007", reason, idempotencyKey: "k" }).refund.amount).toBe(2_500);
  });
});

test("the books cannot be changed through what they return", () => {
  const books = ledger();
  for (const charge of books.recentCharges(10)) charge.amount = 0;
  books.charge("ch_1002").refunded = true;
  books.refund({ chargeId: "ch_1002", reason }).charge.amount = 0;
  expect(books.charge("ch_1002")).toMatchObject({ amount: 5_000, refunded: true });
});

test("a deleted customer is gone, once", () => {
  const books = ledger();
  expect(books.deleteCustomer("cus_1")).toMatchObject({ id: "cus_1" });
  expect(() => books.deleteCustomer("cus_1")).toThrow("No such customer: cus_1");
  expect(books.counts().customers).toBe(2);
});

test("a reset brings everything back, keys included", () => {
  const books = ledger();
  const before = books.recentCharges(100);
  const request = { chargeId: "ch_1007", reason, idempotencyKey: "k" };
  books.refund(request);
  books.deleteCustomer("cus_2");
  books.reset();
  expect(books.recentCharges(100)).toEqual(before);
  expect(books.refund(request).refund.id).toBe("re_4");
});

test("the seed adds up: refunded amounts are those of the refunds", () => {
  const books = ledger();
  for (const charge of books.recentCharges(100)) {
    const refunded = books.refundsOf(charge.id).reduce((sum, { amount }) => sum + amount, 0);
    expect([charge.id, charge.amount_refunded, charge.refunded]).toEqual([
      charge.id,
      refunded,
      refunded === charge.amount,
    ]);
  }
});
