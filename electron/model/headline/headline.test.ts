import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { callEnded, decided, eventsOf, started } from "../../testing/sample-events.ts";
import type { Decision, EventOf, LabEventBody, TargetedContainers } from "../lab-event.ts";
import { RunModel } from "../run-model.ts";
import { upgradeEvent } from "../upgrade.ts";
import { HEADLINE_CHARS, headlineOf } from "./headline.ts";

const BASE_MS = 1_700_000_000_000;
const passed: LabEventBody = { type: "run.ended", outcome: "passed", reason: "every check passed" };

interface Shape {
  without?: string[];
  services?: [name: string, role: string][];
  faults?: [kind: string, target: string, containers?: TargetedContainers][];
  calls?: (Call | LabEventBody)[];
  end?: LabEventBody;
  /** Between two events. */
  eachMs?: number;
}
type Call = [tool: string, ...decisions: Decision[]];

const REFERENCE: [string, string][] = [
  ["payments-mcp", "mcp-server"],
  ["support-mcp", "mcp-server"],
  ["mock-slack", "approval-channel"],
  ["audit-db", "audit-log"],
  ["gateway", "gateway"],
];

/** A run, its calls one after the other. */
function headline({
  without = [],
  services = REFERENCE,
  faults = [],
  calls = [],
  end = passed,
  eachMs = 10,
}: Shape): string {
  const run = started as EventOf<"run.started">;
  const events: LabEventBody[] = [
    { ...run, without, services: services.map(([name, role]) => ({ name, role })) },
    ...faults.flatMap(([kind, target, containers], index): LabEventBody[] => {
      const fault = `fault-${index}`;
      const expiresWallMs = BASE_MS + 600_000;
      return [
        { type: "fault.intended", fault, kind, target, undo: "undo", expiresWallMs, ...(containers && { containers }) },
        { type: "fault.applied", fault, detail: "applied" },
      ];
    }),
    ...calls.flatMap((call, index): LabEventBody[] => {
      if (!Array.isArray(call)) return [call];
      const [tool, ...decisions] = call;
      const atMs = BASE_MS + 1_000 + index * 100;
      return decisions.map((decision, row) =>
        decided({
          rowId: `${index}-${row}`,
          callId: `call-${index}`,
          tool,
          decision,
          decidedWallMs: atMs + row * 10,
          durationMs: 1,
        }),
      );
    }),
    end,
  ];
  return headlineOf(RunModel.of(eventsOf(events).map((event) => ({ ...event, atMs: event.seq * eachMs }))));
}

const times = (count: number, call: Call): Call[] => Array.from({ length: count }, () => call);

test("says how many containers of a service were broken, where it was not all of them", () => {
  const faults = (targeted: number, of: number, kind = "pause"): Shape => ({
    faults: [[kind, "payments-mcp", { targeted, of }]],
    calls: [["lookup_charge", "allow"]],
  });
  expect(headline(faults(1, 2))).toMatch(/^One of two containers of payments is frozen: /);
  expect(headline(faults(2, 3, "kill"))).toMatch(/^Two of three containers of payments were killed: /);
  expect(headline(faults(11, 12))).toMatch(/^11 of 12 containers of payments are frozen: /);
  expect(headline(faults(2, 2))).toMatch(/^Payments is frozen: /);
});

test("says what was broken, and what became of the calls", () => {
  const failing: Call = ["list_recent_charges", "allow", "upstream_error"];
  const stopped: Shape = { faults: [["stop", "payments-mcp"]] };
  expect(headline({ ...stopped, calls: [...times(5, failing), ["list_recent_charges", "budgetExceeded"]] })).toBe(
    "Payments is down: 5 calls failed, the 6th was refused by the budget",
  );
  expect(headline({ ...stopped, calls: times(20, failing), without: ["budget"] })).toBe(
    "Without the budget, 20 calls reached the dead server",
  );
  expect(
    headline({ faults: [["stop", "mock-slack"]], calls: [["create_refund", "approvalRequired", "expired"]] }),
  ).toBe("The approval channel is down: create_refund expired without approval");
  expect(
    headline({
      faults: [
        ["stop", "payments-mcp"],
        ["stop", "support-mcp"],
      ],
    }),
  ).toBe("Payments and support are down: no tool was called");
});

test("says so of a run without a fault", () => {
  expect(headline({ calls: [["lookup_charge", "redact"]] })).toBe("lookup_charge went through redacted");
  const loop = [...times(5, ["list", "allow"]), ...times(25, ["list", "budgetExceeded"])];
  expect(headline({ calls: loop })).toBe("5 calls succeeded, 25 were refused by the budget");
});

test("counts calls that overlapped by how they ended, since none of them has a position", () => {
  const ended = (index: number, startMs: number, endMs: number, outcome: "ok" | "upstream_error"): LabEventBody =>
    callEnded({ callId: `c${index}`, startedWallMs: BASE_MS + startMs, endedWallMs: BASE_MS + endMs, outcome });
  const calls = [ended(1, 0, 300, "ok"), ended(2, 10, 200, "upstream_error"), ended(3, 20, 100, "ok")];
  expect(headline({ calls })).toBe("2 calls succeeded, 1 failed");
});

test("says how many requests calls took, where that is more than one each, apart from what became of them", () => {
  const ended = (index: number, outcome: "ok" | "upstream_error", attempts: number, endMs = 10): LabEventBody => {
    const startedWallMs = BASE_MS + (index - 1) * 1_000;
    return callEnded({ callId: `c${index}`, startedWallMs, endedWallMs: startedWallMs + endMs, outcome, attempts });
  };
  expect(headline({ eachMs: 1_000, calls: [ended(1, "ok", 3)] })).toBe(
    "list_recent_charges succeeded (3 requests sent)",
  );
  expect(headline({ eachMs: 1_000, calls: [ended(1, "ok", 3, 900)] })).toBe(
    "list_recent_charges succeeded after 900 ms (3 requests sent)",
  );
  expect(headline({ eachMs: 1_000, calls: [ended(1, "upstream_error", 3), ended(2, "ok", 1, 900)] })).toBe(
    "1 call failed, the 2nd succeeded (4 requests sent), the slowest after 900 ms",
  );
});

test("says how many of the calls that failed were kept away from the server by an open circuit", () => {
  const ended = (at: number, attempts: number): LabEventBody[] => [
    decided({ callId: `c${at}`, rowId: `c${at}`, decision: "upstream_error", decidedWallMs: BASE_MS + at }),
    callEnded({
      ...{ callId: `c${at}`, outcome: "upstream_error", attempts },
      ...{ startedWallMs: BASE_MS + at, endedWallMs: BASE_MS + at + 1 },
    }),
  ];
  const opened: LabEventBody = {
    ...{ type: "backend.changed", backend: "payments", what: "circuit", from: "closed", to: "open" },
    ...{ reason: "it fails", changedWallMs: BASE_MS + 5 },
  };
  const faults: Shape["faults"] = [["stop", "payments-mcp"]];
  expect(headline({ faults, calls: [...ended(1, 1), ...ended(3, 1), opened, ...ended(10, 0)] })).toBe(
    "Payments is down: 3 calls failed (1 of them refused by the open circuit), the circuit opened",
  );
});

test("is right on a stack that has no gateway, by the calls counted on its links", () => {
  const services: [string, string][] = [
    ["web", "service"],
    ["orders-service", "service"],
    ["orders-server", "service"],
  ];
  const wire = (call: string, outcome: "ok" | "error", http: string): LabEventBody => ({
    type: "wire.call",
    call,
    link: "web->orders-service",
    http,
    startedWallMs: BASE_MS,
    endedWallMs: BASE_MS + 5,
    outcome,
    requestBytes: 1,
    replyBytes: 1,
    faults: [],
    isCounted: true,
  });
  const calls = [wire("1", "ok", "GET /orders"), wire("2", "error", "POST /orders")];
  // Two services would be called "orders": each keeps its name.
  expect(headline({ services, faults: [["reset_peer", "web->orders-service"]], calls })).toBe(
    "The link to orders-service is reset: GET /orders succeeded, POST /orders failed",
  );
  expect(headline({ services, faults: [["frobnicate", "web"]] })).toBe("Frobnicate on web: no tool was called");
});

test("is right on a stack that records no calls, by what its own calls were answered", () => {
  const called = (step: string, ok: boolean): LabEventBody[] => [
    { type: "step.started", step, kind: "call", label: "call echo", background: false },
    {
      type: "step.ended",
      step,
      outcome: "ok",
      output: { tool: "echo", ok, decision: ok ? "ok" : "tool_error", detail: "", durationMs: 5 },
    },
  ];
  const calls = [...called("1", true), ...called("2", false)];
  expect(headline({ services: [["tools", "mcp-server"]], faults: [["down", "hub->tools"]], calls })).toBe(
    "The link to tools is down: 1 call succeeded, the 2nd failed",
  );
});

test("names what is left broken, and why a run did not come to its end", () => {
  const faults: [string, string][] = [["stop", "payments-mcp"]];
  const end = (outcome: EventOf<"run.ended">["outcome"], reason: string): LabEventBody => ({
    type: "run.ended",
    outcome,
    reason,
  });
  expect(headline({ faults, end: end("residue", "not restored: stop payments-mcp") })).toBe("Payments is not restored");
  expect(headline({ end: end("precondition", "gateway is down") })).toBe("Nothing was broken: gateway is down");
  expect(headline({ end: end("interrupted", "the lab died") })).toBe("The lab was killed during the run");
});

test("fits a line, whatever is in it", () => {
  const tool = `${"x".repeat(90)}\u202e\n`;
  const faults: [string, string][] = [["stop", "y".repeat(90)]];
  for (const text of [
    headline({ faults, calls: [[tool, "deny"]] }),
    headline({
      calls: [
        [tool, "deny"],
        [`${tool}2`, "allow"],
      ],
    }),
    headline({ end: { type: "run.ended", outcome: "error", reason: "🚀".repeat(100) } }),
  ]) {
    expect(text.length).toBeLessThanOrEqual(HEADLINE_CHARS);
    expect(text.isWellFormed()).toBe(true);
    expect(text).not.toMatch(/[\u202e\n]/);
  }
});

test("does not depend on the scenario: the same events of another one have the same headline", () => {
  const folder = join(import.meta.dirname, "../../testing/older-runs");
  const logs = readdirSync(folder).filter((name) => name.endsWith(".ndjson"));
  const headlines = logs.map((name) => {
    const events = readFileSync(join(folder, name), "utf8")
      .trim()
      .split("\n")
      .map((line) => upgradeEvent(JSON.parse(line)));
    const renamed = events.map((event) =>
      event.type === "run.started" ? { ...event, scenario: { id: "other", title: "Other", patterns: [] } } : event,
    );
    const of = (list: unknown[]) => headlineOf(RunModel.of(list as never));
    expect(of(renamed)).toBe(of(events));
    return `${name.replace(".ndjson", "")}: ${of(events)}`;
  });
  expect(headlines.sort()).toEqual([
    "approval-timeout: The approval channel is down: list_recent_charges succeeded, create_refund expired without approval",
    "connection-reset-storm: The link to payments is reset: 3 calls succeeded, 3 failed, 1 was refused by the budget",
    "gateway-killed-mid-approval: The gateway was killed: list_recent_charges succeeded, create_refund expired without approval",
    "half-open-socket: The link to payments is silent: 1 call failed, the 2nd succeeded after the recovery",
    "reply-lost-after-refund: A reply of payments is lost: list_recent_charges succeeded, create_refund failed",
  ]);
});
