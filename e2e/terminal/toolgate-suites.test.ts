import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, TerminalLab, until } from "./terminal-lab.ts";

/**
 * One reference stack for all of these, used by one test after the other. Its gateway would hide the tools of a server that
 * is down from new sessions after some seconds, and ToolGate's does not.
 */
const lab = new TerminalLab({ HEALTH_INTERVAL: "20s" });
let up: Ended;

beforeAll(async () => {
  up = await lab.run("stack", "up", "--ports", "auto");
});
afterAll(() => lab.clear());

const suite = (name: string) => join(import.meta.dirname, "suites", `${name}.yaml`);

async function runSuite(name: string, ...options: string[]) {
  const { code, out, err } = await lab.run("run", suite(name), "--reporter", "json", ...options);
  const { runs } = JSON.parse(out || '{"runs":[]}') as {
    runs: { title: string; outcome: string; reason: string; decisions: { tool: string; decision: string }[] }[];
  };
  const cases = runs.map(({ outcome, reason }) => (outcome === "passed" ? outcome : `${outcome}: ${reason}`));
  return { code, err, cases, decisions: runs.map((run) => run.decisions.map((row) => `${row.tool} ${row.decision}`)) };
}

/**
 * The gateway checks its servers at intervals of its own, and is asked until it has: a command each time would take more of
 * the processor than all else here.
 */
async function becomesHealthy(): Promise<void> {
  const gateway = /^gateway +(127[^/\s]+)/m.exec(up.out)?.[1];
  await until("the gateway is", async () => (await (await fetch(`http://${gateway}/health`)).json()).status === "ok");
  await until("the stack is", async () => (await lab.run("stack", "status")).code === 0);
}

describe("on a stack where everything is up", () => {
  test("the short inputs pass: a redacted call counts as allowed, a refund is approved", async () => {
    const { code, cases, decisions, err } = await runSuite("short-inputs");
    expect(cases, err).toEqual(["passed", "passed", "passed", "passed"]);
    expect(decisions).toEqual([
      ["list_recent_charges allow"],
      ["create_refund approvalRequired", "create_refund approved"],
      ["delete_customer deny"],
      ["send_lark_message redact"],
    ]);
    expect(code).toBe(0);
  });

  test("requests in sentences pass, and refunds are approved", async () => {
    const { code, cases, err } = await runSuite("plain-requests");
    expect([cases, code], err).toEqual([["passed", "passed"], 0]);
    const one = await runSuite("one-charge");
    expect(one.cases, one.err).toEqual(["passed", "passed", "passed", "passed", "passed"]);
    expect(one.decisions.at(-1)).toEqual([
      "list_refunds_for_charge allow",
      "create_refund approvalRequired",
      "create_refund approved",
    ]);
  });

  test("--case runs one case; an unknown name is refused with the known ones", async () => {
    const one = await runSuite("short-inputs", "--case", "deletion-is-denied");
    expect(one.cases).toEqual(["passed"]);
    const { code, err } = await lab.run("run", suite("short-inputs"), "--case", "no-such-case");
    expect([code, err]).toEqual([2, expect.stringMatching(/no suite has a case "no-such-case"\n.*deletion-is-denied/)]);
  });

  test("--agent asks another agent, and only the decisions of its session count", async () => {
    const agent = /^agent +(127\S+)$/m.exec(up.out)?.[1];
    const server = createServer(async (request, response) => {
      const body = (await request.toArray()).join("");
      const authorization = `Bearer ${lab.secret("STACK_TOKEN")}`;
      const headers = { "content-type": "application/json", authorization, connection: "close" };
      const reply = await fetch(`http://${agent}`, { method: "POST", headers, body });
      const { sessionId } = (await reply.json()) as { sessionId: string };
      response.setHeader("content-type", "application/json").end(JSON.stringify({ session_id: sessionId }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/trigger`;
      const { cases, err } = await runSuite("short-inputs", "--agent", url);
      expect(cases, err).toEqual(["passed", "passed", "passed", "passed"]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe("on a stack that is broken before the suite", () => {
  test("`break` stops a server and keeps it stopped; the suite runs and does not start it", async () => {
    const broken = await lab.run("break", "stop", "payments-mcp");
    expect(broken, broken.err).toMatchObject({ code: 0 });
    expect(broken.out).toContain("broken: payments-mcp");
    expect(broken.out).toContain("resilience-lab restore");
    for (const [name, ...options] of [["server-is-down"], ["one-outage-each", "--case", "server-down"]] as const) {
      const { cases, decisions, err } = await runSuite(name, ...options);
      expect(cases, err).toEqual(["passed"]);
      expect(decisions).toEqual([["list_recent_charges allow", "list_recent_charges upstream_error"]]);
    }
    const shown = await lab.run("run", suite("server-is-down"));
    expect(shown.out).toContain("payments-mcp was not reset: it was broken before the run");
    expect((await lab.run("stack", "status")).out).toContain(
      "broken: stop payments-mcp is in force, applied with `break`",
    );
  });

  test("another scenario is refused and names the fault; a second fault on the service is refused", async () => {
    const { code, out } = await lab.run("run", "mcp-crash");
    expect([code, out]).toEqual([1, expect.stringMatching(/stop payments-mcp is in force, applied with `break`/)]);
    const again = await lab.run("break", "kill", "payments-mcp");
    expect([again.code, again.err]).toEqual([2, expect.stringMatching(/payments-mcp was already stopped/)]);
  });

  test("`restore` starts it again, and the stack is healthy", async () => {
    const { code, out } = await lab.run("restore", "payments-mcp");
    expect([code, out]).toEqual([0, expect.stringContaining("restored: stop payments-mcp")]);
    await becomesHealthy();
  });

  test("without the approval channel a refund expires", async () => {
    await lab.run("break", "stop", "mock-slack");
    const { cases, decisions, err } = await runSuite("one-outage-each", "--case", "channel-down");
    expect(cases, err).toEqual(["passed"]);
    expect(decisions[0]?.at(-1)).toBe("create_refund expired");
    expect(await lab.run("restore")).toMatchObject({ code: 0 });
    await becomesHealthy();
  });

  test("a fault expires without a lab at work", async () => {
    const broken = await lab.run("break", "latency", "gateway->payments-mcp", "by=1ms", "--for", "1s");
    expect(broken, broken.err).toMatchObject({ code: 0 });
    await lab.run("break", "stop", "payments-mcp", "--for", "1s");
    await until("payments-mcp runs again", () =>
      lab.processes().some(({ command }) => command.includes("payments-mcp")),
    );
    await becomesHealthy();
    expect((await lab.run("restore")).out).toContain("nothing is broken");
  });

  test("a halt undoes it", async () => {
    await lab.run("break", "pause", "mock-slack");
    const { code, out } = await lab.run("halt");
    expect([code, out]).toEqual([0, expect.stringContaining("pause mock-slack: restored")]);
    await lab.run("arm");
  });

  const refused: [string[], RegExp][] = [
    [["break", "stop"], /name the fault and what to break/],
    [["break", "stop", "nobody"], /no service called "nobody"/],
    [["restore", "paymets-mcp"], /no stack that is up has a service or link called "paymets-mcp"/],
    [["break", "explode", "mock-slack"], /a fault needs exactly one of: /],
    [["break", "latency", "gateway->payments-mcp", "by=soon"], /by: expected a duration/],
    [["break", "restart", "mock-slack"], /a restart does not last/],
    [["break", "stop", "mock-slack", "--for", "ever"], /for: expected a duration/],
  ];

  test("a request that cannot be carried out is refused with the reason, and nothing is broken", async () => {
    for (const [args, message] of refused) {
      const { code, err } = await lab.run(...args);
      expect([code, err], args.join(" ")).toEqual([2, expect.stringMatching(message)]);
    }
    expect(await lab.run("stack", "status")).toMatchObject({ code: 0 });
  });
});
