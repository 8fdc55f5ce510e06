import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readXml } from "../../electron/testing/read-xml.ts";
import { type Ended, HAS_PROCESS_TABLE, TerminalLab } from "./terminal-lab.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
const SUITE = join(import.meta.dirname, "suites", "toolgate.yaml");

/** One reference stack for all of these, brought up as a person would and used by one test after the other. */
const lab = new TerminalLab();
let up: Ended;

beforeAll(async () => {
  up = await lab.run("stack", "up", "--ports", "auto");
});
afterAll(() => lab.clear());

function addressOf(service: string): string {
  return `http://${new RegExp(`^${service} +(127\\S+)$`, "m").exec(up.out)?.[1]}`;
}

describe("stack up", () => {
  test("says where every service is", () => {
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

  test("status names every service as up, exit 0", async () => {
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

describe("clients of others work through the gateway", () => {
  test("the inspector lists tools and calls one", () => {
    const inspect = (...words: string[]) =>
      spawnSync(
        process.execPath,
        [
          join(PROJECT, "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js"),
          "--cli",
          addressOf("gateway"),
          "--transport",
          "http",
          ...words,
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
    expect(crash.out).toContain("list_recent_charges allow, upstream_error");
    expect(crash.out).not.toContain("nothing is left running");
    expect((await lab.run("stack", "status")).code).toBe(0);
  });

  test("gives a pipe plain lines: no escape code, no line drawn over another, none of them a change to unknown", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what there must be none of
    expect(crash.out).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
    expect(crash.out).not.toContain("unknown -> unknown");
    expect(crash.err).toBe("");
  });

  test("the history shows the run as it was seen", async () => {
    const [id = ""] = (await lab.run("history", "list", "--scenario", "mcp-crash")).out.split(" ");
    const { out, code } = await lab.run("history", "show", id);
    expect(code).toBe(0);
    const from = crash.out.indexOf("mcp-crash  ");
    expect(out.trim()).toBe(crash.out.slice(from, crash.out.indexOf("\n\n", from)).trim());
    const json = await lab.run("history", "show", id, "--reporter", "json");
    expect(JSON.parse(json.out).runs[0]).toMatchObject({ scenario: "mcp-crash", outcome: "passed" });
  });

  test("a ToolGate suite runs unchanged, a run a case, with fields in it that mean nothing here", async () => {
    const { code, out, err } = await lab.run("run", SUITE, "--reporter", "json");
    const { runs } = JSON.parse(out) as {
      runs: { scenario: string; outcome: string; reason: string; decisions: string }[];
    };
    expect(runs.map(({ scenario, outcome, decisions }) => `${scenario}: ${outcome}: ${decisions}`)).toEqual([
      "toolgate-lookup-a-charge: passed: lookup_charge redact",
      "toolgate-deny-delete: passed: delete_customer deny",
      "toolgate-pii-stays-here: passed: lookup_charge redact",
      "toolgate-wrong-on-purpose: failed: delete_customer deny",
    ]);
    expect(runs[3]?.reason).toMatch(/policyOutcome: expected allow; observed deny/);
    expect(code).toBe(1);
    expect(err).toContain("toolgate-deny-delete");
  });

  test("a report to a file is whole, and the runs are shown meanwhile", async () => {
    for (const [reporter, file] of [
      ["junit", "out.xml"],
      ["markdown", "out.md"],
      ["json", "out.json"],
    ] as const) {
      const { code, out } = await lab.run("run", "pii-redaction", "--reporter", reporter, "--out", file);
      expect(code, out).toBe(0);
      expect(out).toContain(`${reporter} report: ${file}`);
      expect(out).toContain("PASSED");
    }
    const read = (file: string) => readFileSync(join(lab.folder, file), "utf8");
    expect(readXml(read("out.xml")).find("testcase")?.attributes.name).toBe("pii-redaction");
    expect(read("out.md")).toContain("| pii-redaction | passed |");
    expect(JSON.parse(read("out.json"))).toMatchObject({ passed: 1, failed: 0 });
  });

  test("--without budget shows the storm running on, exits 1, and switches the budget on again", async () => {
    const without = await lab.run("run", "retry-storm", "--without", "budget", "--reporter", "json");
    expect(without.code).toBe(1);
    const [run] = JSON.parse(without.out).runs;
    expect(run).toMatchObject({ without: ["budget"], outcome: "failed" });
    expect(run.decisions.match(/\ballow\b/g)).toHaveLength(20);
    expect(run.decisions).not.toContain("budgetExceeded");
    const again = await lab.run("run", "retry-storm");
    expect(again.code, again.out).toBe(0);
    expect(again.out).toMatch(/allow, upstream_error, budgetExceeded$/m);
  });

  test("--without something that the stack does not have says what it has", async () => {
    const { code, err } = await lab.run("run", "mcp-crash", "--without", "gravity");
    expect(code).toBe(2);
    expect(err).toMatch(/no service of this stack has a protection called gravity\n +the stack knows: .*budget/);
  });

  describe("--without that is cut short while the gateway restarts leaves it up, with everything on:", () => {
    const protectionsOff = async () => {
      const health = await fetch(addressOf("gateway").replace("/mcp", "/health"));
      return ((await health.json()) as { protectionsOff: string[] }).protectionsOff;
    };

    test("by Ctrl-C, at once", async () => {
      const session = lab.start("run", "retry-storm", "--without", "budget");
      await session.says("using the stack that is up");
      expect((await session.interrupt()).code).toBe(130);
      expect((await lab.run("stack", "status")).out).toMatch(/gateway +up/);
      expect(await protectionsOff()).toEqual([]);
    });

    test.runIf(HAS_PROCESS_TABLE)("by a power cut, after the next start", async () => {
      const session = lab.start("run", "retry-storm", "--without", "budget");
      await session.says("using the stack that is up");
      await lab.cutPower();
      const { code, out } = await lab.run("run", "pii-redaction");
      expect(code, out).toBe(0);
      expect((await lab.run("stack", "status")).out).toMatch(/gateway +up/);
      expect(await protectionsOff()).toEqual([]);
    });
  });
});

describe("stack up, after a service has crashed", () => {
  test.runIf(HAS_PROCESS_TABLE)("starts it again", async () => {
    const agent = lab.processes().find(({ command }) => command.includes("agent"));
    process.kill(agent?.pid ?? 0, "SIGKILL");
    await expect.poll(async () => (await lab.run("stack", "status")).code).toBe(1);
    const { code, out } = await lab.run("stack", "up", "--ports", "auto");
    expect(code).toBe(0);
    expect(out).toContain("agent had ended: starting it");
    expect((await lab.run("stack", "status")).code).toBe(0);
  });
});

describe("stack down", () => {
  test("leaves nothing running, and again is no error", async () => {
    const { code, out } = await lab.run("stack", "down");
    expect(code).toBe(0);
    expect(out).toContain("stack down");
    if (HAS_PROCESS_TABLE) expect(lab.processes()).toEqual([]);
    expect(await lab.run("stack", "down")).toMatchObject({ code: 0, out: expect.stringContaining("no stack is up") });
    expect((await lab.run("stack", "status")).code).toBe(1);
  });
});
