/** The ledger's operations as MCP tools. A refusal is a result with isError, so that a model can read the reason. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { ToolAnnotations } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import "../http/value-messages.ts";
import { answerWith } from "../mcp-server/answer.ts";
import { type Ledger, LedgerError } from "./ledger.ts";
import { refundReasons } from "./records.ts";

export const toolNames = [
  "list_recent_charges",
  "lookup_charge",
  "list_refunds_for_charge",
  "create_refund",
  "delete_customer",
  "send_lark_message",
] as const;

const charge = z.object({
  id: z.string(),
  customer: z.string(),
  amount: z.number().int().describe("cents"),
  amount_refunded: z.number().int().describe("cents"),
  currency: z.string(),
  refunded: z.boolean().describe("true when refunded in full"),
  description: z.string(),
  receipt_email: z.string().nullable(),
  created: z.string(),
});

const refund = z.object({
  id: z.string(),
  charge: z.string(),
  amount: z.number().int().describe("cents"),
  currency: z.string(),
  reason: z.enum(refundReasons),
  created: z.string(),
});

const chargeId = z.string().min(1).max(100).describe("for example ch_1001");

// The tools act only on the ledger, so openWorldHint is false.
const reads: ToolAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
// Repeating a partial refund moves money again; repeating a deletion has no further effect.
const refunds: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: false,
};
const deletes: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: true,
  openWorldHint: false,
};

// Every call posts another message.
const notifies: ToolAnnotations = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: false,
};

/** One server per session, all on the same ledger. */
export function createToolServer(ledger: Ledger): McpServer {
  const server = new McpServer({ name: "payments-mcp", version: "1.0.0" });

  server.registerTool(
    "list_recent_charges",
    {
      title: "List recent charges",
      description: "Lists charges, newest first.",
      inputSchema: { limit: z.number().int().min(1).max(100).optional().describe("at most this many; 10 if absent") },
      outputSchema: { charges: z.array(charge) },
      annotations: reads,
    },
    ({ limit }) => answer(() => ({ charges: ledger.recentCharges(limit ?? 10) })),
  );

  server.registerTool(
    "lookup_charge",
    {
      title: "Look up a charge",
      description: "Returns one charge.",
      inputSchema: {
        charge_id: chargeId,
        note: z.string().max(2_000).optional().describe("reason for the lookup; not used"),
      },
      outputSchema: { charge },
      annotations: reads,
    },
    ({ charge_id }) => answer(() => ({ charge: ledger.charge(charge_id) })),
  );

  server.registerTool(
    "list_refunds_for_charge",
    {
      title: "List refunds of a charge",
      description: "Lists the refunds of one charge, oldest first.",
      inputSchema: { charge_id: chargeId },
      outputSchema: { refunds: z.array(refund) },
      annotations: reads,
    },
    ({ charge_id }) => answer(() => ({ refunds: ledger.refundsOf(charge_id) })),
  );

  server.registerTool(
    "create_refund",
    {
      title: "Refund a charge",
      description: "Refunds a charge, in full unless an amount is given. Moves money and cannot be undone.",
      inputSchema: {
        charge_id: chargeId,
        amount: z.number().int().positive().optional().describe("cents; the remaining amount of the charge if absent"),
        reason: z.enum(refundReasons),
        idempotency_key: z.string().min(1).max(200).optional().describe("the same key never refunds twice"),
      },
      outputSchema: { refund, charge },
      annotations: refunds,
    },
    ({ charge_id, amount, reason, idempotency_key }) =>
      answer(() => ({ ...ledger.refund({ chargeId: charge_id, amount, reason, idempotencyKey: idempotency_key }) })),
  );

  server.registerTool(
    "delete_customer",
    {
      title: "Delete a customer",
      description: "Deletes a customer permanently. Charges are kept.",
      inputSchema: { customer_id: z.string().min(1).max(100).describe("for example cus_1") },
      outputSchema: { id: z.string(), deleted: z.literal(true) },
      annotations: deletes,
    },
    ({ customer_id }) => answer(() => ({ id: ledger.deleteCustomer(customer_id).id, deleted: true as const })),
  );

  server.registerTool(
    "send_lark_message",
    {
      title: "Send a message",
      description: "Posts a message to a channel of the support team. Nothing leaves the stack: it is only counted.",
      inputSchema: {
        channel: z.string().min(1).max(100).describe("for example #support"),
        message: z.string().min(1).max(4_000),
      },
      outputSchema: { id: z.string(), channel: z.string() },
      annotations: notifies,
    },
    ({ channel }) => answer(() => ({ id: ledger.notify(), channel })),
  );

  return server;
}

const answer = answerWith(LedgerError);
