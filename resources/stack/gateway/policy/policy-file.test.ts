import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { PolicyError, parsePolicy, readPolicyFile } from "./policy-file.ts";

const parse = (text: string) => parsePolicy(text, "/etc/policy.yaml");

describe("parsePolicy", () => {
  it.each([
    ["rules: []\nrulez: []", /\/etc\/policy\.yaml: the document: unknown field "rulez" \(known fields are rules/],
    ["rules: [{tool: a, action: allow, fields: [x]}]", /rules\.0: unknown field "fields"/],
    ["rules: []\nbudgets: {max: 1}", /budgets: unknown field "max" \(the known budget is maxToolCallsPerTurn\)/],
    ["rules: [{tool: a, action: alow}]", /rules\.0\.action: .*allow/],
    ["rules: [{tool: a, action: redact}]", /rules\.0\.redactFields: missing/],
    ["rules: [{tool: a, action: allow, redactFields: [x]}]", /rules\.0\.redactFields: only valid with action redact/],
    ["rules: [{tool: a, action: redact, redactFields: [a..b]}]", /rules\.0\.redactFields\.0: expected a dotted path/],
    ["rules: []\nbudgets: {maxToolCallsPerTurn: 0}", /budgets\.maxToolCallsPerTurn/],
    ["rules: []\ndefaultAction: redact", /defaultAction/],
    ["rules: [", /\/etc\/policy\.yaml:1:\d+: not valid YAML/],
    ["rules: []\nrules: []", /not valid YAML/],
    ["", /rules: /],
    ["- a", /the document/],
  ])("refuses %j", (text, message) => {
    expect(() => parse(text)).toThrow(PolicyError);
    expect(() => parse(text)).toThrow(message);
    expect(() => parse(text)).toThrow(/Correct the file/);
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
