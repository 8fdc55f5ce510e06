import { describe, expect, test } from "vitest";
import type { Decision, LabEventBody, WireOutcome } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { decided, eventsOf, started } from "../../testing/sample-events.ts";
import { CHECK_NAMES, check } from "./check-schema.ts";
import { evaluate, type Facts, isLive, type LogCheck } from "./checks.ts";

/** A run's audit log, each row as `tool decision`; consecutive rows of the same tool are one call. */
function factsOf(rows: readonly string[], more: Partial<Omit<Facts, "view">> = {}, args: unknown[] = []): Facts {
  let call = 0;
  let last = "";
  const bodies = rows.map((row, index) => {
    const [tool = "", decision = ""] = row.split(" ");
    if (tool !== last || decision === "allow") call++;
    last = tool;
    return decided({ callId: `call-${call}`, tool, decision: decision as Decision, arguments: args[index] ?? {} });
  });
  return { view: RunModel.of(eventsOf([started, ...bodies])), methodMs: 1_000, answer: undefined, ...more };
}

const withoutServices = { ...started, services: [] } as LabEventBody;

/** A run on a stack without a record of decisions: calls of the scenario's own steps, and on links (`client->gate pay ok`). */
function callsOf(...calls: string[]): Facts {
  const bodies = calls.flatMap((call, index): LabEventBody[] => {
    const [link = "", tool = "", outcome = ""] = call.includes("->") ? call.split(" ") : ["", ...call.split(" ")];
    if (link === "") {
      const output = { tool, ok: outcome === "ok", decision: outcome, detail: "Paid 7", durationMs: 20 };
      const step = { step: `step-${index}`, kind: "call", label: `call ${tool}`, background: false };
      return [
        { type: "step.started", ...step },
        { type: "step.ended", step: step.step, outcome: "ok", output },
      ];
    }
    return [onLink(link, tool, outcome as WireOutcome, index)];
  });
  return { view: RunModel.of(eventsOf([withoutServices, ...bodies])), methodMs: 1_000, answer: undefined };
}

function onLink(link: string, tool: string, outcome: WireOutcome, index: number): LabEventBody {
  return {
    type: "wire.call",
    call: `${index}`,
    link,
    http: "POST /mcp",
    method: "tools/call",
    tool,
    startedWallMs: Number.MAX_SAFE_INTEGER,
    outcome,
    requestBytes: 1,
    replyBytes: 1,
    faults: [],
    ...(link === "not->counted" ? {} : { isCounted: true }),
  };
}

/** The check as written in YAML, judged. */
function judged(written: unknown, facts: Facts) {
  const parsed = check.parse(written);
  if (isLive(parsed)) throw new Error("asks a service");
  return evaluate(parsed as LogCheck, facts);
}

const rows = ["list allow", "refund approvalRequired", "refund expired"];

describe("in ToolGate's reading", () => {
  const reading = "toolgate";

  test.each([
    [["list redact"], "allow"],
    [["list allow", "refund approvalRequired", "refund approved"], "approvalRequired"],
    [["list allow", "refund approvalRequired", "refund denied"], "approvalRequired"],
    [["list allow", "refund approvalRequired", "refund expired"], "expired"],
    [["list allow", "refund approvalRequired", "refund approved", "refund upstream_error"], "upstream_error"],
    [["list allow", "list upstream_error"], "upstream_error"],
    [["delete deny"], "deny"],
  ])("%j ends in %s", (decided, policyOutcome) => {
    expect(judged({ policyOutcome }, factsOf(decided, { reading }))).toMatchObject({ passed: true });
  });

  test("a redacted call is no redact, and rows of a person's decision alone are none", () => {
    expect(judged({ policyOutcome: "redact" }, factsOf(["list redact"], { reading })).passed).toBe(false);
    expect(judged({ policyOutcome: "approved" }, factsOf(["refund approved"], { reading }))).toMatchObject({
      passed: false,
      observed: "no decision",
    });
  });

  test("arguments of no row at all hold nothing", () => {
    expect(judged({ mustNotContainInArgs: ["x"] }, factsOf([], { reading })).passed).toBe(true);
    expect(judged({ mustNotContainInArgs: ["x"] }, factsOf([])).passed).toBe(false);
  });

  test("only rows of the sessions that agents have named count", () => {
    const other = factsOf(["delete deny"], { reading, sessions: new Set(["of-somebody-else"]) });
    expect(judged({ mustNotInclude: ["delete"] }, other).passed).toBe(true);
    expect(judged({ policyOutcome: "deny" }, other)).toMatchObject({ passed: false, observed: "no decision" });
  });
});

describe.each<[string, unknown, Facts, string, Facts, string]>([
  // check, as written; facts that hold and what is then observed; facts that do not and what is then observed
  [
    "mustInclude",
    { mustInclude: ["list", "refund"] },
    factsOf(rows),
    "list, refund",
    factsOf(["refund allow", "list allow"]),
    "refund, list",
  ],
  ["mustNotInclude", { mustNotInclude: ["delete"] }, factsOf(rows), "list, refund", factsOf(["delete deny"]), "delete"],
  ["policyOutcome", { policyOutcome: "expired" }, factsOf(rows), "expired", factsOf(["list allow"]), "allow"],
  ["decisions", { decisions: rows }, factsOf(rows), rows.join(", "), factsOf(rows.slice(1)), rows.slice(1).join(", ")],
  ["decisions", { decisions: [] }, factsOf([]), "nothing", factsOf(rows), rows.join(", ")],
  [
    "call pay",
    { call: "pay", is: "ok" },
    callsOf("pay ok"),
    "ok after 20 ms: Paid 7",
    callsOf("pay deny"),
    "deny after 20 ms: Paid 7",
  ],
  [
    "call pay",
    { call: "pay", within: "20ms", contains: "paid 7" },
    callsOf("pay ok"),
    "ok after 20 ms: Paid 7",
    callsOf("list ok"),
    "it was not made to its end",
  ],
  [
    "call pay",
    { call: "pay", atLeast: "20ms" },
    callsOf("pay ok"),
    "ok after 20 ms: Paid 7",
    callsOf("list ok"),
    "it was not made to its end",
  ],
  ["within", { within: "1s" }, factsOf([], { methodMs: 1_000 }), "1.00 s", factsOf([], { methodMs: 1_001 }), "1.00 s"],
  [
    "trajectory",
    { trajectory: { tools: ["a", "b"], match: "EXACT" } },
    factsOf(["a allow", "b allow"]),
    "a, b",
    factsOf(["a allow", "x allow", "b allow"]),
    "a, x, b",
  ],
  [
    "trajectory",
    { trajectory: { tools: ["a", "b"], match: "IN_ORDER" } },
    factsOf(["a allow", "x allow", "b allow"]),
    "a, x, b",
    factsOf(["b allow", "a allow"]),
    "b, a",
  ],
  [
    "trajectory",
    { trajectory: { tools: ["b", "a", "a"], match: "ANY_ORDER" } },
    factsOf(["a allow", "b allow", "a allow"]),
    "a, b, a",
    factsOf(["a allow", "b allow"]),
    "a, b",
  ],
  [
    "count",
    { count: { decision: "allow", exactly: 2 } },
    factsOf(["a allow", "b allow"]),
    "allow: 2",
    factsOf(["a allow"]),
    "allow: 1",
  ],
  [
    "count",
    { count: { decision: "allow", tool: "a", atLeast: 1 } },
    factsOf(["a allow"]),
    "a allow: 1",
    factsOf(["b allow"]),
    "a allow: 0",
  ],
  [
    "count",
    { count: { decision: "allow", atMost: 1 } },
    factsOf([]),
    "allow: 0",
    factsOf(["a allow", "b allow"]),
    "allow: 2",
  ],
  [
    "ratio",
    { ratio: { of: "allow", to: "budgetExceeded", atMost: 2 } },
    factsOf(["a allow", "a allow", "a budgetExceeded"]),
    "2 allow to 1 budgetExceeded",
    factsOf(["a allow", "a allow", "a allow", "a budgetExceeded"]),
    "3 allow to 1 budgetExceeded",
  ],
  [
    "answer",
    { answer: { contains: "Denied" } },
    factsOf([], { answer: "it was DENIED" }),
    "it was DENIED",
    factsOf([], { answer: "fine" }),
    "fine",
  ],
  [
    "answer",
    { answer: { lacks: "4242" } },
    factsOf([], { answer: "fine" }),
    "fine",
    factsOf([], { answer: "card 4242" }),
    "card 4242",
  ],
  [
    "mustNotContainInArgs",
    { mustNotContainInArgs: ["4242"] },
    factsOf(["a redact"], {}, [{ note: "[redacted]" }]),
    "1 rows, none holds it",
    factsOf(["a redact"], {}, [{ deep: [{ note: "4242" }] }]),
    "held: 4242",
  ],
])("%s %j", (name, written, good, seenGood, bad, seenBad) => {
  test("passes, with what was expected and observed", () => {
    expect(judged(written, good)).toMatchObject({ check: name, passed: true, observed: seenGood });
    expect(judged(written, good).expected).not.toBe("");
  });
  test("fails, with what was expected and observed", () => {
    expect(judged(written, bad)).toMatchObject({ check: name, passed: false, observed: seenBad });
  });
});

test("every check that is judged from the log is tested", () => {
  const live = ["service", "http"];
  const elsewhere = ["faultHit", "evaluate", "either"]; // beside what they are judged by
  const tried = ["mustInclude", "mustNotInclude", "policyOutcome", "mustNotContainInArgs", "decisions", "within"];
  expect([...tried, "trajectory", "call", "count", "ratio", "answer", ...live, ...elsewhere].sort()).toEqual(
    [...CHECK_NAMES].sort(),
  );
});

describe("a check does not pass on a run in which nothing happened", () => {
  const nothing = factsOf([]);
  test.each([
    [{ mustInclude: ["a"] }],
    [{ policyOutcome: "deny" }],
    [{ mustNotContainInArgs: ["4242"] }],
    [{ ratio: { of: "allow", to: "deny", atMost: 5 } }],
    [{ answer: { lacks: "4242" } }],
    [{ count: { decision: "allow", atLeast: 1 } }],
    [{ trajectory: { tools: ["a"], match: "IN_ORDER" } }],
  ])("%j", (written) => expect(judged(written, nothing).passed).toBe(false));
});

describe("personal data is found in arguments in any form", () => {
  test.each([
    ["as a part of a text", { note: "card 4242 4242, thanks" }, "4242 4242"],
    ["in a list in a map", { items: [{ card: "4242" }] }, "4242"],
    ["as the name of a field", { "ann@example.com": 1 }, "ann@example.com"],
    ["as a number", { card: 4242 }, "4242"],
    ["with a quote in it", { note: 'say "hi" to Ann' }, '"hi" to Ann'],
    ["over two lines", { note: "Ann\nExample Street 1" }, "Ann\nExample Street 1"],
    ["with a backslash", { path: "C:\\Users\\ann" }, "C:\\Users\\ann"],
    ["in another script", { note: "名前は安" }, "安"],
    ["when the arguments are one text", "4242", "4242"],
  ])("%s", (_how, args, wanted) => {
    expect(judged({ mustNotContainInArgs: [wanted] }, factsOf(["a allow"], {}, [args]))).toMatchObject({
      passed: false,
      observed: `held: ${wanted}`,
    });
  });
});

test("two calls of one tool count as two, one call with two decisions as one", () => {
  expect(judged({ trajectory: { tools: ["a", "a"], match: "EXACT" } }, factsOf(["a allow", "a allow"])).passed).toBe(
    true,
  );
  expect(
    judged({ trajectory: { tools: ["a"], match: "EXACT" } }, factsOf(["a allow", "a upstream_error"])).passed,
  ).toBe(true);
});

describe("on a stack without a record of decisions", () => {
  const facts = callsOf("list ok", "a->b pay error", "not->counted delete ok", "a->b pay ok", "a->b refund open");

  test.each<[object, boolean, string]>([
    [{ mustInclude: ["list", "pay"] }, true, "list, pay, pay, refund"],
    [{ mustInclude: ["delete"] }, false, "list, pay, pay, refund"],
    [{ mustNotInclude: ["refund"] }, false, "list, pay, pay, refund"],
    [{ trajectory: { tools: ["list", "pay", "pay", "refund"], match: "EXACT" } }, true, "list, pay, pay, refund"],
    [{ count: { calls: "ok", exactly: 2 } }, true, "calls that ended in ok: 2"],
    [{ count: { calls: "error", tool: "pay", exactly: 1 } }, true, "pay calls that ended in error: 1"],
    [{ count: { calls: "any", tool: "pay", atMost: 1 } }, false, "pay calls: 2"],
    [{ ratio: { of: "error", to: "ok", atMost: 0.5 } }, true, "1 error to 2 ok"],
    [{ ratio: { of: "any", to: "ok", atMost: 1.5 } }, false, "4 any to 2 ok"],
  ])("%j is judged by the calls that were made and read on links", (written, passed, observed) => {
    expect(judged(written, facts)).toMatchObject({ passed, observed });
  });

  test("a storm counts each of its calls", () => {
    const storm: LabEventBody[] = [
      { type: "step.started", step: "step-1", kind: "storm", label: "storm", background: false },
      {
        type: "step.ended",
        step: "step-1",
        outcome: "ok",
        output: { tool: "x", calls: 5, outcomes: { ok: 3, deny: 2 } },
      },
    ];
    const view = RunModel.of(eventsOf([withoutServices, ...storm]));
    const stormed = { view, methodMs: 1, answer: undefined };
    expect(judged({ ratio: { of: "any", to: "ok", atMost: 2 } }, stormed)).toMatchObject({ observed: "5 any to 3 ok" });
  });
});

test.each([
  [{ count: { exactly: 1 } }, "needs either decision or calls"],
  [{ count: { decision: "allow", calls: "ok", exactly: 1 } }, "needs either decision or calls"],
  [{ ratio: { of: "allow", to: "ok", atMost: 1 } }, "of and to are both decisions"],
  [{ call: "pay" }, "needs is, contains, within or atLeast"],
])("%j is no check", (written, message) => {
  expect(JSON.stringify(check.safeParse(written).error?.issues)).toContain(message);
});
