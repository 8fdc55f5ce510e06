import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { PolicyError, parsePolicy, readPolicyFile } from "./policy-file.ts";

const parse = (text: string) => parsePolicy(text, "/etc/policy.yaml");

/** What a validator or a parser says of itself, and not to the person who wrote the file. */
const rawTexts =
  /Invalid|invalid_|received|Unrecognized|Too small|Too big|Map keys|Flow |Implicit|\[object|_zod|undefined/;

describe("parsePolicy", () => {
  it.each([
    [
      "rules: []\nrulez: []",
      '2:1: unknown field "rulez" (known fields are rules, budgets, defaultAction, reads, writes)',
    ],
    [
      "rules:\n  - { tool: a, action: allow, fields: [x] }",
      '2:31: rules[0]: unknown field "fields" (a rule\'s fields are tool, action, redactFields)',
    ],
    ["rules: []\nbudgets: { max: 1 }", '2:12: budgets: unknown field "max" (the known budget is maxToolCallsPerTurn)'],
    [
      "rules:\n  - tool: a\n    action: alow",
      '3:13: rules[0].action: expected allow, deny, approvalRequired or redact, found "alow"',
    ],
    [
      "rules:\n  - tool: a",
      "2:5: rules[0].action: expected allow, deny, approvalRequired or redact, but it is missing",
    ],
    ["rules: [{ tool: 7, action: allow }]", "1:17: rules[0].tool: expected text, found 7"],
    [
      "rules: [{ tool: '', action: allow }]",
      "1:17: rules[0].tool: expected a tool name or a pattern such as list_*, found empty text",
    ],
    [
      "rules: [{ tool: a, action: redact }]",
      "1:9: rules[0].redactFields: missing: action redact needs the fields to redact, for example [note, customer.email]",
    ],
    [
      "rules: [{ tool: a, action: allow, redactFields: [x] }]",
      "1:49: rules[0].redactFields: only valid with action redact: remove it or change the action",
    ],
    [
      "rules: [{ tool: a, action: redact, redactFields: [a..b] }]",
      "1:51: rules[0].redactFields[0]: expected a dotted path such as customer.email, with * for any key or index",
    ],
    [
      "rules: []\nbudgets: { maxToolCallsPerTurn: 0 }",
      "2:33: budgets.maxToolCallsPerTurn: expected at least 1, found 0",
    ],
    [
      "rules: []\nbudgets: { maxToolCallsPerTurn: 1.5 }",
      "2:33: budgets.maxToolCallsPerTurn: expected a whole number, found 1.5",
    ],
    [
      "rules: []\nbudgets: { maxToolCallsPerTurn: 5s }",
      '2:33: budgets.maxToolCallsPerTurn: expected a number, found "5s"',
    ],
    [
      "rules: []\ndefaultAction: redact",
      '2:16: defaultAction: expected allow, deny or approvalRequired, found "redact"',
    ],
    ["rules: []\nreads: list_*", '2:8: reads: expected a list, found "list_*"'],
    ["rules: all", '1:8: rules: expected a list, found "all"'],
    ["", "1:1: rules: expected a list, but it is missing"],
    ["- a", "1:1: expected a map of fields, found a list"],
    ["rules: [", "1:9: not valid YAML: check quotes, brackets and indentation of this line and the one above"],
    ["rules: []\nrules: []", "2:1: not valid YAML: this field is written twice"],
    ["rules: *none", "1:1: its aliases (*name) are more than 100, or name no anchor"],
    ["rules:\n\t- a", "2:1: not valid YAML: a tab is used as indentation; use spaces"],
  ])("refuses %j with place, expectation and next step", (text, problem) => {
    let message = "";
    try {
      parse(text);
    } catch (error) {
      expect(error).toBeInstanceOf(PolicyError);
      ({ message } = error as PolicyError);
    }
    expect(message).toContain(`/etc/policy.yaml:${problem}`);
    expect(message).toMatch(/\. Correct the file and start the gateway again\.$/);
    expect(message).not.toMatch(rawTexts);
  });

  it("names all problems, each in a line of its own", () => {
    expect(() => parse("rules: [{ tool: a, action: x }]\ndefaultAction: y")).toThrow(
      /^[^\n]*rules\[0\][^\n]*\n[^\n]*defaultAction/,
    );
  });

  it("denies by default", () => {
    expect(parse("rules: []").evaluate("x").action).toBe("deny");
  });
});

describe("readPolicyFile", () => {
  it("names a missing file", () => {
    expect(() => readPolicyFile("/nowhere/policy.yaml")).toThrow(
      /\/nowhere\/policy\.yaml: there is no such file.*POLICY_FILE/,
    );
  });

  it("accepts the policy of the reference stack", () => {
    const policy = readPolicyFile(fileURLToPath(new URL("../../policy.yaml", import.meta.url)));
    const actions = ["list_recent_charges", "lookup_charge", "create_refund", "delete_customer", "other"];
    expect(actions.map((tool) => policy.evaluate(tool).action)).toEqual([
      "allow",
      "redact",
      "approvalRequired",
      "deny",
      "deny",
    ]);
    expect(policy.evaluate("lookup_charge").redactFields).toEqual(["note"]);
    expect(policy.maxToolCallsPerTurn).toBe(5);
  });
});
