/**
 * The scripted planner's table from input patterns to tool calls. The first intent whose pattern matches, and whose
 * required slots the input fills, is used.
 */

/** Values that an input can contain. */
export const slots = {
  charge: /\bch_\w+/i,
  customer: /\bcus_\w+/i,
  reason: /\b(requested_by_customer|duplicate|fraudulent)\b/i,
  cents: /\b(\d{1,9}) cents\b/i,
} as const;

export type SlotName = keyof typeof slots;

/** The source of an argument's value. */
export type ArgumentTemplate =
  | { value: string | number }
  /** From the input; `otherwise`, or omitted, if the input does not contain it. */
  | { slot: SlotName; otherwise?: string }
  /** The whole input. */
  | { input: true }
  /** Field `take` of the first entry in an earlier step's list whose fields equal `where`. */
  | { from: string; list: string; where: Readonly<Record<string, unknown>>; take: string; called: string };

export interface Step {
  tool: string;
  arguments: Readonly<Record<string, ArgumentTemplate>>;
  /** Not called, and the plan ends, when this list in the result of an earlier step has entries. */
  unless?: { from: string; list: string; because: string };
}

export interface Intent {
  name: string;
  pattern: RegExp;
  needs?: readonly SlotName[];
  example: string;
  steps: readonly Step[];
}

const emailAndCard = /^(?=[\s\S]*\S@\S+\.\S)(?=[\s\S]*\b\d(?:[ -]?\d){12,18}\b)/;
const reason: ArgumentTemplate = { slot: "reason", otherwise: "requested_by_customer" };

export const intents: readonly Intent[] = [
  {
    name: "lookup-charge",
    pattern: /^lookup-charge$/i,
    example: "lookup-charge",
    steps: [{ tool: "list_recent_charges", arguments: { limit: { value: 1 } } }],
  },
  {
    name: "create-refund",
    pattern: /^create-refund$/i,
    example: "create-refund",
    steps: [{ tool: "create_refund", arguments: { charge_id: { value: "ch_fake_001" }, reason } }],
  },
  {
    name: "deny-test",
    pattern: /^deny-test$/i,
    example: "deny-test",
    steps: [{ tool: "delete_customer", arguments: { customer_id: { value: "cus_1" } } }],
  },
  {
    name: "pii-message",
    pattern: /^pii-message$/i,
    example: "pii-message",
    steps: [
      {
        tool: "send_lark_message",
        arguments: {
          channel: { value: "#support" },
          message: {
            value: "Call Jane Doe back: SSN 123-45-6789, jane.doe@example.com, card 4242 4242 4242 4242",
          },
        },
      },
    ],
  },
  {
    name: "message-with-personal-data",
    pattern: emailAndCard,
    example: "Look up charge ch_1001 for jane.doe@example.com, card 4242 4242 4242 4242",
    steps: [
      {
        tool: "lookup_charge",
        arguments: { charge_id: { slot: "charge", otherwise: "ch_1001" }, note: { input: true } },
      },
    ],
  },
  {
    name: "list-then-refund",
    pattern: /\b(list|show)\b[\s\S]*\bcharges\b[\s\S]*\brefund\b[\s\S]*\bfirst\b/i,
    example: "List my recent charges, then refund the first non-refunded charge in full, reason requested_by_customer.",
    steps: [
      { tool: "list_recent_charges", arguments: {} },
      {
        tool: "create_refund",
        arguments: {
          charge_id: {
            from: "list_recent_charges",
            list: "charges",
            where: { refunded: false },
            take: "id",
            called: "a charge that is not refunded",
          },
          reason,
        },
      },
    ],
  },
  {
    name: "list-refunds",
    pattern: /\brefunds\b/i,
    needs: ["charge"],
    example: "List the refunds of charge ch_1003",
    steps: [{ tool: "list_refunds_for_charge", arguments: { charge_id: { slot: "charge" } } }],
  },
  {
    name: "refund-charge",
    pattern: /\brefund\b/i,
    needs: ["charge"],
    example: "Refund charge ch_1002, reason duplicate",
    steps: [
      { tool: "list_refunds_for_charge", arguments: { charge_id: { slot: "charge" } } },
      {
        tool: "create_refund",
        arguments: { charge_id: { slot: "charge" }, amount: { slot: "cents" }, reason },
        unless: {
          from: "list_refunds_for_charge",
          list: "refunds",
          because: "The charge was refunded before",
        },
      },
    ],
  },
  {
    name: "delete-customer",
    pattern: /\b(delete|remove)\b/i,
    needs: ["customer"],
    example: "Delete customer cus_1",
    steps: [{ tool: "delete_customer", arguments: { customer_id: { slot: "customer" } } }],
  },
  {
    name: "look-up-charge",
    pattern: /\b(look\s?up|show|find|details)\b/i,
    needs: ["charge"],
    example: "Look up charge ch_1001",
    steps: [{ tool: "lookup_charge", arguments: { charge_id: { slot: "charge" } } }],
  },
  {
    name: "list-charges",
    pattern: /\b(list|show|what)\b[\s\S]*\bcharges\b/i,
    example: "List my recent charges.",
    steps: [{ tool: "list_recent_charges", arguments: {} }],
  },
];
