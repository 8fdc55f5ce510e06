import { describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";

const newLedger = () => new Ledger(() => new Date("2025-12-01T00:00:00Z"));
const reason = "requested_by_customer" as const;

describe("refunds", () => {
  test("are in full by default", () => {
    const ledger = newLedger();
    expect(ledger.refund({ chargeId: "ch_1007", reason })).toMatchObject({
      refund: { id: "re_4", charge: "ch_1007", amount: 2_500, created: "2025-12-01T00:00:00.000Z" },
      charge: { amount_refunded: 2_500, refunded: true },
    });
    expect(ledger.refundsOf("ch_1007")).toHaveLength(1);
  });

  test("cover the remaining amount of a partially refunded charge", () => {
    expect(newLedger().refund({ chargeId: "ch_1004", reason }).refund.amount).toBe(5_000);
  });

  test("can be partial, up to the remaining amount", () => {
    const ledger = newLedger();
    expect(ledger.refund({ chargeId: "ch_1002", amount: 1_000, reason }).charge).toMatchObject({ refunded: false });
    expect(() => ledger.refund({ chargeId: "ch_1002", amount: 4_001, reason })).toThrow(
      "greater than the 4000 cents left",
    );
    expect(ledger.refund({ chargeId: "ch_1002", amount: 4_000, reason }).charge).toMatchObject({ refunded: true });
    expect(() => ledger.refund({ chargeId: "ch_1002", amount: 1, reason })).toThrow("already been refunded");
  });

  test("are refused for an unknown charge, without a change", () => {
    const ledger = newLedger();
    expect(() => ledger.refund({ chargeId: "ch_1", reason })).toThrow("No such charge: ch_1");
    expect(ledger.counts()).toEqual({ charges: 9, refunds: 3, customers: 3 });
  });

  test("with the same key are made once", () => {
    const ledger = newLedger();
    const request = { chargeId: "ch_1002", amount: 1_000, reason, idempotencyKey: "k" };
    const first = ledger.refund(request);
    expect(ledger.refund(request)).toEqual(first);
    expect(ledger.charge("ch_1002").amount_refunded).toBe(1_000);
    expect(() => ledger.refund({ ...request, amount: 2_000 })).toThrow("used for a different refund");
  });

  test("that are refused do not use up their key", () => {
    const ledger = newLedger();
    expect(() => ledger.refund({ chargeId: "ch_1008", reason, idempotencyKey: "k" })).toThrow("already");
    expect(ledger.refund({ chargeId: "ch_1007", reason, idempotencyKey: "k" }).refund.amount).toBe(2_500);
  });
});

test("the ledger cannot be changed through returned objects", () => {
  const ledger = newLedger();
  for (const charge of ledger.recentCharges(10)) charge.amount = 0;
  ledger.charge("ch_1002").refunded = true;
  ledger.refund({ chargeId: "ch_1002", reason }).charge.amount = 0;
  expect(ledger.charge("ch_1002")).toMatchObject({ amount: 5_000, refunded: true });
});

test("a customer can be deleted once", () => {
  const ledger = newLedger();
  expect(ledger.deleteCustomer("cus_1")).toMatchObject({ id: "cus_1" });
  expect(() => ledger.deleteCustomer("cus_1")).toThrow("No such customer: cus_1");
  expect(ledger.counts().customers).toBe(2);
});

test("a reset restores the initial state, keys included", () => {
  const ledger = newLedger();
  const before = ledger.recentCharges(100);
  const request = { chargeId: "ch_1007", reason, idempotencyKey: "k" };
  ledger.refund(request);
  ledger.deleteCustomer("cus_2");
  ledger.reset();
  expect(ledger.recentCharges(100)).toEqual(before);
  expect(ledger.refund(request).refund.id).toBe("re_4");
});

test("the seed is consistent: refunded amounts equal the sums of the refunds", () => {
  const ledger = newLedger();
  for (const charge of ledger.recentCharges(100)) {
    const refunded = ledger.refundsOf(charge.id).reduce((sum, { amount }) => sum + amount, 0);
    expect([charge.id, charge.amount_refunded, charge.refunded]).toEqual([
      charge.id,
      refunded,
      refunded === charge.amount,
    ]);
  }
});
