import { describe, expect, it } from "vitest";
import type { Offer } from "./conflict-strategy.ts";
import { manualStrategy } from "./manual.ts";
import { prefixStrategy } from "./prefix.ts";
import { priorityStrategy } from "./priority.ts";

const offer = (backend: string, ...tools: string[]): Offer => ({ backend, tools: tools.map((name) => ({ name })) });
const offers = [offer("payments", "list", "refund"), offer("support", "list", "reply")];
const names = (tools: readonly { name: string; backend: string }[]) =>
  tools.map(({ name, backend }) => `${name} of ${backend}`);

describe("prefix", () => {
  it("names every tool after its backend, whether or not it collides", () => {
    const { tools, conflicts } = prefixStrategy("{backend}_")(offers);
    expect(names(tools)).toEqual([
      "payments_list of payments",
      "payments_refund of payments",
      "support_list of support",
      "support_reply of support",
    ]);
    expect(conflicts).toEqual([]);
  });

  it("keeps the first of what collides all the same", () => {
    const { tools, conflicts } = prefixStrategy("{backend}_")([offer("a_b", "c"), offer("a", "b_c")]);
    expect(names(tools)).toEqual(["a_b_c of a_b"]);
    expect(conflicts).toEqual(["tool a_b_c of a is hidden by the one of a_b"]);
  });
});

describe("priority", () => {
  it("leaves names as they are, and gives a contested one to the first of the order", () => {
    const { tools, conflicts } = priorityStrategy(["support", "payments"])(offers);
    expect(names(tools)).toEqual(["list of support", "refund of payments", "reply of support"]);
    expect(conflicts).toEqual(["tool list of payments is hidden by the one of support"]);
  });

  it("names a tool after its backend if none of its backends stands in the order", () => {
    const { tools } = priorityStrategy(["other"])(offers);
    expect(names(tools)).toEqual([
      "payments_list of payments",
      "support_list of support",
      "refund of payments",
      "reply of support",
    ]);
  });
});

describe("manual", () => {
  it("offers each tool under the name that it is given", () => {
    const { tools, conflicts } = manualStrategy(new Map([["support.list", "list_tickets"]]))(offers);
    expect(names(tools)).toEqual([
      "list of payments",
      "refund of payments",
      "list_tickets of support",
      "reply of support",
    ]);
    expect(conflicts).toEqual([]);
  });

  it("offers a contested name to nobody, and says what to set", () => {
    const { tools, conflicts } = manualStrategy(new Map([["support.reply", "refund"]]))(offers);
    expect(tools).toEqual([]);
    expect(conflicts).toEqual([
      "tool list is offered by payments and support: give one of them another name in TOOL_NAMES",
      "tool refund is offered by payments and support: give one of them another name in TOOL_NAMES",
    ]);
  });
});

it.each([
  ["prefix", prefixStrategy("{backend}_")],
  ["priority", priorityStrategy(["payments"])],
  ["manual", manualStrategy(new Map())],
])("%s: a name that one backend lists twice is no conflict, and stands once", (_name, resolve) => {
  const { tools, conflicts } = resolve([offer("payments", "list", "list")]);
  expect([tools.length, conflicts]).toEqual([1, []]);
});
