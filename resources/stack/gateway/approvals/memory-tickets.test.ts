import { expect, test } from "vitest";
import { MemoryTickets } from "./memory-tickets.ts";
import type { Ticket } from "./ticket.ts";

const ticket = (id: string) => ({ id, tool: "create_refund", digest: id }) as Ticket;
const settled = { status: "expired", by: undefined, reason: "approval timeout" } as const;

test("keeps as many tickets as its limit says, the newest, and each that is pending", async () => {
  const tickets = new MemoryTickets(3);
  await tickets.insert(ticket("pending"));
  for (const id of ["a", "b", "c", "d"]) {
    await tickets.insert(ticket(id));
    await tickets.settle(id, id, settled);
  }
  const kept = [];
  for (const id of ["pending", "a", "b", "c", "d"]) if (await tickets.read(id)) kept.push(id);
  expect(kept).toEqual(["pending", "c", "d"]);
});
