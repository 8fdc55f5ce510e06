import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openForged } from "../../electron/lab/bundles/testing/forge-zip.ts";
import { readOtlp } from "../../electron/lab/bundles/testing/read-otlp.ts";
import { readXml } from "../../electron/testing/read-xml.ts";
import { type Ended, HAS_PROCESS_TABLE, TerminalLab, until } from "./terminal-lab.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
const SUITE = join(import.meta.dirname, "suites", "with-other-fields.yaml");

/** One reference stack for all of these tests, brought up by command and used by one test after the other. */
const lab = new TerminalLab();
let up: Ended;

beforeAll(async () => {
  up = await lab.run("stack", "up", "--ports", "auto");
});
afterAll(() => lab.clear());

type Decided = { tool: string; decision: string };
const asText = ({ tool, decision }: Decided) => `${tool} ${decision}`;

/** A scenario of a test, on the reference stack. */
function written(id: string, parts: { steadyState?: string; method: string; expect: string }): string {
  const { steadyState = "{ service: gateway, is: up }", method, expect } = parts;
  const head = `id: ${id}\ntitle: One of a test\npatterns: []\nsteadyState: [${steadyState}]\n`;
  return lab.write(`${id}.yaml`, `${head}method: [${method}]\nexpect: [${expect}]\n`);
}

function addressOf(service: string): string {
  return `http://${new RegExp(`^${service} +(127\\S+)$`, "m").exec(up.out)?.[1]}`;
}

async function inAuditDatabase<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const database = addressOf("audit-db").replace("http://", `postgres://lab:${lab.secret("AUDIT_DB_PASSWORD")}@`);
  const client = new pg.Client({ connectionString: `${database}/audit` });
  await client.connect();
  return work(client).finally(() => client.end());
}

describe("stack up", () => {
  test("prints the address of every service", () => {
    expect(up, up.err).toMatchObject({ code: 0, err: "" });
    for (const service of ["audit-db", "payments-mcp", "mock-slack", "gateway", "agent"]) {
      expect(addressOf(service)).toMatch(/^http:\/\/127\.0\.0\.1:\d+/);
    }
  });

  test("a second time changes nothing", async () => {
    const before = HAS_PROCESS_TABLE ? lab.processes() : [];
    const { code, out } = await lab.run("stack", "up", "--ports", "auto");
    expect(code).toBe(0);
    expect(out).toContain("is already up");
    expect(HAS_PROCESS_TABLE ? lab.processes() : []).toEqual(before);
  });

  test("status lists every service as up, exit 0", async () => {
    const { code, out } = await lab.run("stack", "status");
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split("\n")
        .map((line) => line.split(/ +/)[1]),
    ).toEqual(expect.arrayContaining(["up"]));
    expect(out).not.toMatch(/down|unknown|degraded/);
  });
});

describe("third-party clients work through the gateway", () => {
  test("the inspector lists tools and calls one", () => {
    const inspect = (...args: string[]) =>
      spawnSync(
        process.execPath,
        [
          join(PROJECT, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"),
          "--cli",
          addressOf("gateway"),
          "--transport",
          "http",
          ...args,
        ],
        { encoding: "utf8", env: { PATH: process.env.PATH, HOME: lab.folder } },
      );
    const listed = inspect("--method", "tools/list");
    expect(listed, listed.stderr).toMatchObject({ status: 0 });
    const names = (JSON.parse(listed.stdout) as { tools: { name: string }[] }).tools.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(["list_recent_charges", "lookup_charge", "create_refund", "delete_customer"]),
    );
    const called = inspect("--method", "tools/call", "--tool-name", "list_recent_charges");
    expect(JSON.parse(called.stdout).content[0].text).toContain("ch_1001");
  });

  test("the TypeScript SDK's client lists tools, calls one, and is refused one by the policy", async () => {
    const client = new Client({ name: "a test", version: "1" });
    const transport = new StreamableHTTPClientTransport(new URL(addressOf("gateway")));
    await client.connect(transport as Parameters<Client["connect"]>[0]);
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === "delete_customer")?.annotations?.destructiveHint).toBe(true);
    const result = await client.callTool({ name: "lookup_charge", arguments: { charge_id: "ch_1001" } });
    expect(JSON.stringify(result.content)).toContain("ch_1001");
    await expect(
      client.callTool({ name: "delete_customer", arguments: { customer_id: "cus_1" } }),
    ).rejects.toMatchObject({
      code: -32001,
      message: expect.stringContaining("denied by policy"),
      data: { decision: "deny" },
    });
    await transport.terminateSession();
    await client.close();
  });
});

describe("run on it", () => {
  let crash: Ended;
  beforeAll(async () => {
    crash = await lab.run("run", "mcp-crash");
  });

  test("uses it, is green, and leaves it up", async () => {
    expect(crash.code, crash.out + crash.err).toBe(0);
    expect(crash.out).toContain("using the stack that is up");
    expect(crash.out).toMatch(/mcp-crash +passed +Payments is down: list_recent_charges failed/);
    expect(crash.out).not.toContain("nothing is left running");
    expect((await lab.run("stack", "status")).code).toBe(0);
  });

  test("writes plain lines to a pipe: no escape code, no redrawn line, no change to unknown", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters must be absent
    expect(crash.out).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(crash.out).not.toContain("unknown -> unknown");
    expect(crash.err).toBe("");
  });

  test("the history shows the run as it was printed", async () => {
    const [id = ""] = (await lab.run("history", "list", "--scenario", "mcp-crash")).out.split(" ");
    const { out, code } = await lab.run("history", "show", id);
    expect(code).toBe(0);
    const from = crash.out.indexOf("mcp-crash  ");
    expect(out.trim()).toBe(crash.out.slice(from, crash.out.indexOf("\n\n", from)).trim());
    const json = await lab.run("history", "show", id, "--reporter", "json");
    expect(JSON.parse(json.out).runs[0]).toMatchObject({ scenario: "mcp-crash", outcome: "passed" });
  });

  test("a ToolGate suite runs unchanged, one run per case, with unknown fields ignored", async () => {
    const { code, out, err } = await lab.run("run", SUITE, "--reporter", "json");
    const { runs } = JSON.parse(out) as {
      runs: { scenario: string; outcome: string; reason: string; decisions: Decided[] }[];
    };
    const shown = runs.map(({ scenario, outcome, decisions }) => `${scenario}: ${outcome}: ${decisions.map(asText)}`);
    expect(shown).toEqual([
      "with-other-fields-list-one-charge: passed: list_recent_charges allow",
      "with-other-fields-deny-delete: passed: delete_customer deny",
      "with-other-fields-pii-stays-here: passed: send_lark_message redact",
      "with-other-fields-wrong-on-purpose: failed: delete_customer deny",
    ]);
    expect(runs[3]?.reason).toMatch(/policyOutcome: expected allow; observed deny/);
    expect(code).toBe(1);
    expect(err).toContain("with-other-fields-deny-delete");
  });

  test("a report to a file is complete, and the runs are shown meanwhile", async () => {
    const { code, out } = await lab.run("run", "pii-redaction", "--reporter", "junit", "--out", "out.xml");
    expect(code, out).toBe(0);
    expect(out).toContain("junit report: out.xml");
    expect(out).toContain("PASSED");
    const report = readXml(readFileSync(join(lab.folder, "out.xml"), "utf8"));
    expect(report.find("testcase")?.attributes.name).toBe("pii-redaction");
  });

  test("a report by npm's command is all that standard output has: JSON, with decisions, calls and steps as rows", async () => {
    const { code, out, err } = await lab.runByNpm("run", "pii-redaction", "--reporter", "json");
    expect(code, err).toBe(0);
    const { runs } = JSON.parse(out);
    const is = expect.any(Number);
    expect(runs).toMatchObject([
      {
        scenario: "pii-redaction",
        outcome: "passed",
        decisions: [{ tool: "lookup_charge", decision: "redact", atMs: is }],
        calls: [{ tool: "lookup_charge", outcome: "ok", startMs: is, endMs: is }],
        steps: [
          { kind: "warm", outcome: "ok" },
          { kind: "agent", outcome: "ok" },
        ],
      },
    ]);
    expect(err).toContain("PASSED");
  });

  test("a call lasts from its request to its reply, in the report and, below its step, in the exported trace", async () => {
    const slow = written("slow-call", {
      method:
        "{ warm: gateway }, { fault: { latency: gateway->payments-mcp, by: 800ms } }, { agent: Show me my recent charges. }",
      expect: "{ decisions: [list_recent_charges allow] }",
    });
    const { code, out, err } = await lab.run("run", slow, "--reporter", "json");
    expect(code, err).toBe(0);
    const [, ms = "", s = ""] = /call +list_recent_charges ok after (?:(\d+) ms|([\d.]+) s)$/m.exec(err) ?? [];
    expect(ms === "" ? Number(s) * 1_000 : Number(ms), err).toBeGreaterThanOrEqual(800);
    const [run] = JSON.parse(out).runs;
    expect(run.calls).toMatchObject([{ tool: "list_recent_charges", outcome: "ok" }]);
    expect(run.calls[0].endMs - run.calls[0].startMs).toBeGreaterThanOrEqual(800);
    const file = join(lab.folder, "slow.zip");
    expect((await lab.run("bundle", "export", run.id, "--out", file)).code).toBe(0);
    const trace = openForged(file).find(({ path }) => path.endsWith("/trace.otlp.json"));
    const spans = readOtlp(String(trace?.bytes));
    expect(spans.filter(({ above }) => above.length === 0)).toMatchObject([{ name: "run slow-call" }]);
    const named = spans.filter(({ name }) => name === "tools/call list_recent_charges");
    // On its way it was seen on two links, too: to the gateway and, slowed, behind it.
    const [calls, onLinks] = [true, false].map((isOfGateway) =>
      named.filter(({ service }) => (service === "gateway") === isOfGateway),
    );
    expect(onLinks).toMatchObject([{ service: "resilience-lab" }, { service: "resilience-lab" }]);
    for (const { durationMs } of onLinks ?? []) expect(durationMs).toBeGreaterThanOrEqual(800);
    expect(calls).toMatchObject([
      {
        service: "gateway",
        above: [{ service: "resilience-lab" }, { name: "step agent" }],
        attributes: { "resilience_lab.step.joined_by": "turn", "resilience_lab.call.outcome": "ok" },
      },
    ]);
    expect(calls?.[0]?.durationMs).toBeGreaterThanOrEqual(800);
  });

  test("without a table of calls the decisions are complete: only the ends of calls are unknown", async () => {
    await inAuditDatabase((client) => client.query("DROP TABLE calls"));
    const { code, out, err } = await lab.run("run", "pii-redaction", "--reporter", "json");
    expect(code, err).toBe(0);
    const [run] = JSON.parse(out).runs;
    expect(run.calls.map(({ outcome }: { outcome: unknown }) => outcome)).toEqual(run.calls.map(() => null));
    expect(run.warnings).toEqual(['it is not known when calls ended: relation "calls" does not exist']);
    expect((await lab.run("stack", "status")).out).toMatch(/gateway +up/);
  });

  test("--without budget shows the storm continuing, exits 1, and switches the budget on again", async () => {
    const without = await lab.run("run", "retry-storm", "--without", "budget", "--reporter", "json");
    expect(without.code).toBe(1);
    const [run] = JSON.parse(without.out).runs;
    expect(run).toMatchObject({ without: ["budget"], outcome: "failed" });
    const decisions = (run.decisions as Decided[]).map(({ decision }) => decision);
    expect(decisions.filter((word) => word === "allow")).toHaveLength(20);
    expect(decisions).not.toContain("budgetExceeded");
    // The gateway was restarted for this, and has created the missing table of calls.
    const ends = run.calls.map(({ outcome }: { outcome: string }) => outcome);
    expect(ends).toEqual(Array.from({ length: 20 }, () => "upstream_error"));
    const again = await lab.run("run", "retry-storm");
    expect(again.code, again.out).toBe(0);
    expect(again.out).toMatch(/5 x \(allow, upstream_error\), budgetExceeded$/m);
  });

  test.each([
    ["the audit database is stopped", "stop: audit-db", /could not be told: the audit log cannot be read: /],
    ["the gateway cannot write to it", "down: gateway->audit-db", /the gateway still had 1 audit row to write/],
  ])("a call of which no row could be read does not pass for none: %s", async (_why, fault, reason) => {
    const method = `{ fault: { ${fault} } }, { call: list_recent_charges }`;
    const nothing = "{ mustNotInclude: [list_recent_charges] }, { decisions: [] }, { within: 5m }";
    const { code, out } = await lab.run("run", written("unseen", { method, expect: nothing }));
    expect(out).toMatch(
      /check +INCONCLUSIVE mustNotInclude: .*\n(?:.* health .*\n)*.*check +INCONCLUSIVE decisions: .*\n(?:.* health .*\n)*.*check +ok within/,
    );
    expect(out).toMatch(/^INCONCLUSIVE in /m);
    expect(out).toMatch(reason);
    expect(code).toBe(1);
  });

  test("the steady state's own calls go through the gateway, and are not counted", async () => {
    const { rows } = await inAuditDatabase((client) =>
      client.query("SELECT turn_id, decision FROM audit_log WHERE turn_id LIKE 'steady-state-%'"),
    );
    // One before and one after each run of mcp-crash.
    expect(rows.length).toBeGreaterThan(1);
    expect(new Set(rows.map(({ turn_id }) => turn_id)).size).toBe(rows.length);
    const [id = ""] = (await lab.run("history", "list", "--scenario", "mcp-crash")).out.split(" ");
    const { runs } = JSON.parse((await lab.run("history", "show", id, "--reporter", "json")).out);
    expect(runs[0].decisions.map(asText)).toEqual(["list_recent_charges allow", "list_recent_charges upstream_error"]);
    expect(runs[0].warnings).toEqual([]);
  });

  test("a call that must succeed throughout stops the run as soon as it fails", async () => {
    const { code, out } = await lab.run(
      "run",
      written("throughout", {
        steadyState: "{ call: list_recent_charges, is: ok, throughout: true }",
        method: "{ fault: { stop: payments-mcp } }, { wait: 10m }",
        expect: "{ within: 15m }",
      }),
    );
    expect(out).toMatch(
      /FAILED in .* in mid-run, call list_recent_charges ended in upstream_error \(.*\), expected ok/,
    );
    expect(code).toBe(1);
  });

  test("a call that fails before anything is broken prevents the run from starting", async () => {
    const { code, out } = await lab.run(
      "run",
      written("not-begun", {
        steadyState: "{ call: delete_customer, arguments: { customer_id: cus_1 }, is: ok }",
        method: "{ fault: { stop: payments-mcp } }",
        expect: "{ within: 5m }",
      }),
    );
    expect(out).toMatch(
      /PRECONDITION .*before anything was broken, call delete_customer ended in deny .*, expected ok/,
    );
    expect(out).not.toMatch(/fault +stop/);
    expect(code).toBe(1);
  });

  test("--without an unknown protection lists the known ones", async () => {
    const { code, err } = await lab.run("run", "mcp-crash", "--without", "gravity");
    expect(code).toBe(2);
    expect(err).toMatch(/no service of this stack has a protection called gravity\n +the stack knows: .*budget/);
  });

  describe("--without that is interrupted while the gateway restarts leaves it up, with everything on:", () => {
    const protectionsOff = async () => {
      const health = await fetch(addressOf("gateway").replace("/mcp", "/health"));
      return ((await health.json()) as { protectionsOff: string[] }).protectionsOff;
    };

    test("by Ctrl-C, at once", async () => {
      const session = lab.start("run", "retry-storm", "--without", "budget");
      await session.prints("using the stack that is up");
      expect((await session.interrupt()).code).toBe(130);
      expect((await lab.run("stack", "status")).out).toMatch(/gateway +up/);
      expect(await protectionsOff()).toEqual([]);
    });

    test.runIf(HAS_PROCESS_TABLE)("by a power cut, after the next start", async () => {
      const session = lab.start("run", "retry-storm", "--without", "budget");
      await session.prints("using the stack that is up");
      await lab.cutPower();
      const { code, out } = await lab.run("run", "pii-redaction");
      expect(code, out).toBe(0);
      expect((await lab.run("stack", "status")).out).toMatch(/gateway +up/);
      expect(await protectionsOff()).toEqual([]);
    });
  });
});

describe("stack up after a service has crashed", () => {
  test.runIf(HAS_PROCESS_TABLE)("starts it again", async () => {
    const agents = () => lab.processes().filter(({ command }) => command.includes("agent"));
    process.kill(agents()[0]?.pid ?? 0, "SIGKILL");
    await until("the agent is gone", () => agents().length === 0);
    expect((await lab.run("stack", "status")).code).toBe(1);
    const { code, out } = await lab.run("stack", "up", "--ports", "auto");
    expect(code).toBe(0);
    expect(out).toContain("agent is stopped: starting it");
    expect((await lab.run("stack", "status")).code).toBe(0);
  });
});

describe("stack down", () => {
  test("leaves nothing running, and repeating it is not an error", async () => {
    const { code, out } = await lab.run("stack", "down");
    expect(code).toBe(0);
    expect(out).toContain("stack down");
    if (HAS_PROCESS_TABLE) expect(lab.processes()).toEqual([]);
    expect(await lab.run("stack", "down")).toMatchObject({ code: 0, out: expect.stringContaining("no stack is up") });
    expect((await lab.run("stack", "status")).code).toBe(1);
  });
});
