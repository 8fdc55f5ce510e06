import { describe, expect, it } from "vitest";
import { Policy, type PolicyDocument } from "./policy.ts";

function policyOf(document: Partial<PolicyDocument>): Policy {
  return new Policy({ rules: [], budgets: {}, defaultAction: "deny", reads: [], writes: [], ...document });
}

describe("Policy", () => {
  it("lets the first matching rule decide", () => {
    const policy = policyOf({
      rules: [
        { tool: "create_refund", action: "approvalRequired" },
        { tool: "create_*", action: "allow" },
        { tool: "*", action: "deny" },
      ],
    });
    expect(policy.evaluate("create_refund").action).toBe("approvalRequired");
    expect(policy.evaluate("create_note").action).toBe("allow");
    expect(policy.evaluate("recreate_note").action).toBe("deny");
  });

  it("uses the default for tools without a rule, and gives that as the reason", () => {
    expect(policyOf({}).evaluate("anything")).toMatchObject({
      action: "deny",
      reason: expect.stringMatching(/default/),
    });
    expect(policyOf({ defaultAction: "allow" }).evaluate("anything").action).toBe("allow");
  });

  it("treats everything but * in a pattern literally", () => {
    const policy = policyOf({ rules: [{ tool: "a.b*(c)", action: "allow" }] });
    expect(policy.evaluate("a.b-anything-(c)").action).toBe("allow");
    expect(policy.evaluate("axb(c)").action).toBe("deny");
  });

  it.each([
    ["read_file", "read"],
    ["get_user", "read"],
    ["list_charges", "read"],
    ["lookup_charge", "read"],
    ["create_refund", "write"],
    ["listen", "write"],
  ])("treats %s as a %s", (tool, access) => {
    expect(policyOf({}).evaluate(tool).access).toBe(access);
  });

  it("gives the policy's own lists precedence over names", () => {
    const policy = policyOf({ reads: ["search*"], writes: ["get_and_*"] });
    expect(policy.evaluate("search_all").access).toBe("read");
    expect(policy.evaluate("get_and_increment").access).toBe("write");
  });
});
