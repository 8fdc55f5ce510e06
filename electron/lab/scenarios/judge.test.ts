import { describe, expect, test, vi } from "vitest";
import { fakeContext, fakeService } from "../../testing/fake-services.ts";
import { decided } from "../../testing/sample-events.ts";
import { noDecisions } from "../traces/decision-source.ts";
import { check as schema } from "./check-schema.ts";
import { judge } from "./judge.ts";

const never = new AbortController().signal;

describe("a live check", () => {
  test("sends a request to the service and reports its answer", async () => {
    const { address } = await fakeService(() => ({ json: { refunds: 1, more: "x".repeat(1_000) } }));
    const check = schema.parse({ http: "gateway", path: "/state", json: { refunds: 2 } });
    const verdict = await judge(check, fakeContext(address).context, 0, never);
    expect(verdict).toMatchObject({ check: "http gateway/state", passed: false, expected: '{"refunds":2}' });
    expect(verdict.observed).toMatch(/^\{"refunds":1.* \.\.\.$/);
    expect(verdict.observed.length).toBeLessThan(600);
  });

  test("fails on a service that does not answer with JSON", async () => {
    const { address } = await fakeService(() => ({ text: "<html>" }));
    const check = schema.parse({ http: "gateway", path: "/state", json: { a: 1 } });
    expect(await judge(check, fakeContext(address).context, 0, never)).toEqual({
      check: "http gateway/state",
      passed: false,
      expected: '{"a":1}',
      observed: '"<html>"',
    });
  });

  test("is inconclusive when the service does not answer, and names it", async () => {
    const check = schema.parse({ http: "gateway", path: "/state", json: {} });
    expect(await judge(check, fakeContext("127.0.0.1:59999").context, 0, never)).toMatchObject({
      passed: false,
      inconclusive: expect.stringMatching(/^GET gateway\/state: .*ECONNREFUSED/),
    });
  });

  test("of health is inconclusive when the service could not be probed", async () => {
    const { context } = fakeContext("", { gateway: "unknown" });
    vi.spyOn(context.stack.health, "waitFor").mockRejectedValue(new DOMException("too late", "TimeoutError"));
    expect(await judge(schema.parse({ service: "gateway", is: "up" }), context, 0, never)).toMatchObject({
      passed: false,
      inconclusive: "gateway could not be checked: so it is",
    });
  });

  test("uses a service's current health", async () => {
    const check = schema.parse({ service: "gateway", is: "degraded" });
    const { context } = fakeContext("", { gateway: "degraded" });
    expect(await judge(check, context, 0, never)).toMatchObject({ passed: true, observed: "degraded (so it is)" });
  });

  test("of health ends when the run is cancelled", async () => {
    const cancel = new AbortController();
    const { context } = fakeContext("", { gateway: "down" });
    const judging = judge(schema.parse({ service: "gateway", is: "up" }), context, 0, cancel.signal);
    cancel.abort(new Error("cancelled"));
    await expect(judging).rejects.toThrow("cancelled");
  });
});

test("a check on the run's log uses the decisions so far, the method's time and the last answer", async () => {
  const { context, log } = fakeContext("");
  context.answer = "Found 3 charges";
  log.append(decided({ decision: "allow" }));
  const verdictOn = (written: object) => judge(schema.parse(written), context, 1_500, never);
  expect(await verdictOn({ decisions: ["list_recent_charges allow"] })).toMatchObject({ passed: true });
  expect(await verdictOn({ within: "1s" })).toMatchObject({ passed: false });
  expect(await verdictOn({ answer: { contains: "found" } })).toMatchObject({ passed: true });
});

test("a check on the run's log is inconclusive where decisions may be missing, with the reason", async () => {
  const { context } = fakeContext("");
  context.decisions = noDecisions("the audit log cannot be read: gone");
  expect(await judge(schema.parse({ decisions: [] }), context, 0, never)).toEqual({
    check: "decisions",
    passed: false,
    inconclusive: "the audit log cannot be read: gone",
    expected: "nothing",
    observed: "nothing",
  });
  expect(await judge(schema.parse({ within: "1s" }), context, 0, never)).toMatchObject({ passed: true });
});

test("either holds with all checks of one set, and else says what kept each set from it", async () => {
  const { address } = await fakeService(() => ({ json: { refunds: 1 } }));
  const { context } = fakeContext(address, { gateway: "up" });
  const refunds = (count: number) => ({ http: "gateway", path: "/state", json: { refunds: count } });
  const judged = (...either: object[][]) => judge(schema.parse({ either }), context, 5_000, never);
  expect(await judged([refunds(0)], [{ within: "10s" }, refunds(1)])).toMatchObject({ check: "either", passed: true });
  expect(await judged([{ within: "10s" }, refunds(0)], [{ within: "1s" }, refunds(1)])).toMatchObject({
    passed: false,
    expected: 'http gateway/state {"refunds":0}, or within 1.00 s',
    observed: 'http gateway/state {"refunds":1}, and within 5.00 s',
  });
  expect(schema.safeParse({ either: [[refunds(1)]] }).success).toBe(false);
});
