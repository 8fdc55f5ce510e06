import { describe, expect, test } from "vitest";
import { intents } from "./intents.ts";
import type { CallResult, Toolbox } from "./planner.ts";
import { findIntent, scriptedPlanner } from "./scripted-planner.ts";

const signal = new AbortController().signal;
const allTools = [
  "list_recent_charges",
  "lookup_charge",
  "list_refunds_for_charge",
  "create_refund",
  "delete_customer",
  "send_lark_message",
];

function toolbox(results: Record<string, Record<string, unknown>> = {}, tools = allTools) {
  const calls: [string, Record<string, unknown>][] = [];
  const box: Toolbox = {
    tools: tools.map((name) => ({ name, inputSchema: {} })),
    missing: [],
    call: async (tool, args): Promise<CallResult> => {
      calls.push([tool, args]);
      return {
        record: { tool, arguments: args, outcome: "ok", text: "done", durationMs: 1 },
        structured: results[tool] ?? {},
      };
    },
  };
  return { box, calls };
}

async function callsFor(input: string, results?: Record<string, Record<string, unknown>>) {
  const { box, calls } = toolbox(results);
  await scriptedPlanner.plan(input, box, signal);
  return calls;
}

describe("recognised input", () => {
  const reason = "requested_by_customer";

  test.each<[string, [string, Record<string, unknown>][]]>([
    ["lookup-charge", [["list_recent_charges", { limit: 1 }]]],
    ["create-refund", [["create_refund", { charge_id: "ch_fake_001", reason }]]],
    ["deny-test", [["delete_customer", { customer_id: "cus_1" }]]],
    ["List my recent charges.", [["list_recent_charges", {}]]],
    ["Show me my recent charges.", [["list_recent_charges", {}]]],
    ["show me my recent charges", [["list_recent_charges", {}]]],
    ["Look up charge ch_1001", [["lookup_charge", { charge_id: "ch_1001" }]]],
    ["lookup CH_1003 please", [["lookup_charge", { charge_id: "ch_1003" }]]],
    ["Delete customer cus_1", [["delete_customer", { customer_id: "cus_1" }]]],
    [
      "Refund charge ch_1002 in full",
      [
        ["list_refunds_for_charge", { charge_id: "ch_1002" }],
        ["create_refund", { charge_id: "ch_1002", reason }],
      ],
    ],
    [
      "Refund 500 cents of ch_1002, duplicate",
      [
        ["list_refunds_for_charge", { charge_id: "ch_1002" }],
        ["create_refund", { charge_id: "ch_1002", amount: 500, reason: "duplicate" }],
      ],
    ],
    ["List the refunds of charge ch_1003", [["list_refunds_for_charge", { charge_id: "ch_1003" }]]],
  ])("%s", async (input, expected) => expect(await callsFor(input)).toEqual(expected));

  test.each([
    ["pii-message", "send_lark_message", "message"],
    ["Refund ch_1002 for jo@example.org, card 4111-1111-1111-1111", "lookup_charge", "note"],
  ])("%s passes an e-mail address and a card number in an argument", async (input, tool, argument) => {
    const [call] = await callsFor(input);
    expect(call?.[0]).toBe(tool);
    expect(String(call?.[1][argument])).toMatch(/@example\.(com|org).*\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}/);
  });

  test("pii-message passes a social security number", async () => {
    expect(JSON.stringify(await callsFor("pii-message"))).toContain("123-45-6789");
  });

  test("an already refunded charge is not refunded again", async () => {
    const { box, calls } = toolbox({ list_refunds_for_charge: { refunds: [{ id: "re_1", amount: 5 }] } });
    const { answer } = await scriptedPlanner.plan("Refund charge ch_1002", box, signal);
    expect(calls).toEqual([["list_refunds_for_charge", { charge_id: "ch_1002" }]]);
    expect(answer).toMatch(/re_1.*The charge was refunded before, so create_refund was not called\./);
  });

  test("list, then refund: the first charge of the result that is not refunded", async () => {
    const charges = [
      { id: "ch_1", refunded: true },
      { id: "ch_2", refunded: false },
      { id: "ch_3", refunded: false },
    ];
    const input = "List my recent charges, then refund the first non-refunded charge in full, reason fraudulent.";
    expect(await callsFor(input, { list_recent_charges: { charges } })).toEqual([
      ["list_recent_charges", {}],
      ["create_refund", { charge_id: "ch_2", reason: "fraudulent" }],
    ]);
  });

  test("every example matches its own intent", () => {
    for (const intent of intents)
      expect([intent.example, findIntent(intent.example)?.name]).toEqual([intent.example, intent.name]);
  });
});

describe("unrecognised input", () => {
  test.each(["hello", "refund it", "delete everything", "lookup-charges-now", "recharge"])(
    "%s: no call, and examples",
    async (input) => {
      const { box, calls } = toolbox();
      const { intent, answer } = await scriptedPlanner.plan(input, box, signal);
      expect([intent, calls]).toEqual(["unknown", []]);
      expect(answer).toContain("List my recent charges.");
    },
  );

  test.each([[{ charges: [{ id: "ch_1", refunded: true }] }], [{ charges: "none" }], [{}]])(
    "a list without a charge to refund: %j",
    async (listed) => {
      const { box, calls } = toolbox({ list_recent_charges: listed });
      const { answer } = await scriptedPlanner.plan("List charges and refund the first one", box, signal);
      expect(calls).toHaveLength(1);
      expect(answer).toContain("There is no charge that is not refunded, so create_refund was not called.");
    },
  );

  test("a tool that is not listed is not called", async () => {
    const { box, calls } = toolbox({}, ["lookup_charge"]);
    const { answer } = await scriptedPlanner.plan("create-refund", box, signal);
    expect([answer, calls]).toEqual(["No tool named create_refund is available.", []]);
  });

  test("a tool that is not listed because its service is down is reported with that", async () => {
    const missing = ["payments is not available (connection refused)"];
    const { answer } = await scriptedPlanner.plan("create-refund", { ...toolbox({}, []).box, missing }, signal);
    expect(answer).toBe("No tool named create_refund is available: payments is not available (connection refused).");
  });
});
