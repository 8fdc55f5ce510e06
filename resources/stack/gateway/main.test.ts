import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../http/testing/free-port.ts";
import { startBackend, type TestBackend } from "./testing/backend.ts";
import { eventually, testPolicy } from "./testing/lab.ts";
import { startPostgres, type TestPostgres } from "./testing/postgres.ts";
import { RawClient } from "./testing/raw-client.ts";
import { startSlack, type TestSlack } from "./testing/slack.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

interface Program {
  child: ChildProcess;
  output: () => string;
  exit: Promise<number | null>;
  url: string;
}

let postgres: TestPostgres;
let backend: TestBackend;
let slack: TestSlack;
let folder: string;
const programs: Program[] = [];

beforeAll(async () => {
  [postgres, backend, slack] = await Promise.all([startPostgres(), startBackend(), startSlack()]);
  folder = mkdtempSync(join(tmpdir(), "gateway-main-"));
  writeFileSync(join(folder, "policy.yaml"), testPolicy);
});

afterEach(async () => {
  for (const { child, exit } of programs.splice(0)) {
    child.kill("SIGKILL");
    await exit;
  }
});

afterAll(async () => {
  await Promise.all([backend?.down(), slack?.stop(), postgres?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function start(variables: Record<string, string> = {}): Promise<Program> {
  const port = await freePort();
  const spool = join(folder, `spool-${port}`);
  const child = spawn(process.execPath, [main], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      PORT: `${port}`,
      POLICY_FILE: join(folder, "policy.yaml"),
      AUDIT_SPOOL_FOLDER: spool,
      DATABASE_URL: postgres.url,
      BACKENDS: `test=${backend.url}`,
      SLACK_URL: slack.url,
      SLACK_BOT_TOKEN: "xoxb-test",
      SLACK_SIGNING_SECRET: slack.secret,
      ...variables,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (output += text));
  const exit = once(child, "exit").then(([code]) => code as number | null);
  const program: Program = { child, output: () => output, exit, url: `http://127.0.0.1:${port}` };
  programs.push(program);
  return program;
}

async function ready(program: Program): Promise<Program> {
  await eventually(program.output, (text) => text.includes(`gateway listening on ${program.url}`));
  return program;
}

/** Number of questions posted to Slack, without updates of older messages. */
function questions(): number {
  return slack.requests.filter(({ method }) => method === "chat.postMessage").length;
}

describe("refusing to start", () => {
  it("without a readable policy", async () => {
    const program = await start({ POLICY_FILE: "/nowhere/policy.yaml" });
    expect(await program.exit).toBe(2);
    expect(program.output()).toMatch(/gateway cannot start: policy: \/nowhere\/policy\.yaml: there is no such file/);
  });

  it("with an invalid policy", async () => {
    const wrong = join(folder, "wrong.yaml");
    writeFileSync(wrong, "rules: [{tool: x, action: perhaps}]");
    const program = await start({ POLICY_FILE: wrong });
    expect(await program.exit).toBe(2);
    expect(program.output()).toMatch(
      /gateway cannot start: policy: .*wrong\.yaml:1:27: rules\[0\]\.action: expected allow, .*found "perhaps"/,
    );
  });

  it("without a database of that name", async () => {
    const program = await start({ DATABASE_URL: postgres.url.replace("/postgres", "/nowhere") });
    expect(await program.exit).toBe(2);
    expect(program.output()).toMatch(/gateway cannot start: database: .*there is no such database/);
  });

  it("without a writable folder", async () => {
    const program = await start({ AUDIT_SPOOL_FOLDER: join(folder, "policy.yaml") });
    expect(await program.exit).toBe(2);
    expect(program.output()).toMatch(/gateway cannot start: audit: .*policy\.yaml.*Set AUDIT_SPOOL_FOLDER/);
  });

  it("with invalid settings", async () => {
    const program = await start({ PROTECTIONS_OFF: "everything" });
    expect(await program.exit).toBe(2);
    expect(program.output()).toMatch(/PROTECTIONS_OFF has "everything"/);
  });

  it("on a port in use", async () => {
    const first = await ready(await start());
    const second = await start({ PORT: new URL(first.url).port });
    expect(await second.exit).toBe(2);
    expect(second.output()).toContain(`${new URL(first.url).port}`);
  });
});

describe("the program", () => {
  it("takes over the backends of its file on SIGHUP, and nothing of one with a mistake", async () => {
    const file = join(folder, "backends.env");
    const configure = (text: string) => writeFileSync(file, `# of a test\nBACKENDS=${text}\n`);
    configure(`first=${backend.url}`);
    const program = await ready(await start({ BACKENDS_FILE: file }));
    const names = async () => {
      const health = (await (await fetch(`${program.url}/health`)).json()) as { backends: object };
      return Object.keys(health.backends).join();
    };
    expect(await names()).toBe("first");
    configure(`first=${backend.url},second=${backend.url}`);
    program.child.kill("SIGHUP");
    await eventually(names, (seen) => seen === "first,second");
    configure(`second=nowhere`);
    program.child.kill("SIGHUP");
    await eventually(program.output, (text) => text.includes("backends stay as they are: BACKENDS has"));
    configure(`first=${backend.url}\nPOLICY_FILE=other.yaml`);
    program.child.kill("SIGHUP");
    await eventually(program.output, (text) =>
      /stay as they are: BACKENDS_FILE .* sets POLICY_FILE: expected/.test(text),
    );
    expect(await names()).toBe("first,second");
  });

  it("starts without its database, never prints the password, and recovers once the database is up", async () => {
    await postgres.kill();
    const program = await ready(await start({ DATABASE_URL: postgres.url.replace("lab@", "lab:secret@") }));
    const client = await RawClient.open(`${program.url}/mcp`);
    expect((await client.call("list_items")).message.result).toBeDefined();
    expect((await client.call("create_item")).message.error?.data).toMatchObject({
      decision: "denied",
      reason: "approval could not be recorded",
    });
    const health = await (await fetch(`${program.url}/health`)).json();
    expect(health).toMatchObject({
      status: "degraded",
      reasons: expect.arrayContaining([
        expect.stringMatching(/^database: 127\.0\.0\.1:\d+\/postgres: connection refused/),
      ]),
    });
    await postgres.start();
    await eventually(program.output, (text) => text.includes("database: ready"));
    const before = questions();
    client.call("create_item").catch(() => {});
    await eventually(questions, (count) => count > before);
    const rows = await eventually(
      () =>
        postgres.query<{ decision: string }>("SELECT decision FROM audit_log WHERE session_id = $1 ORDER BY id", [
          client.sessionId,
        ]),
      ({ length }) => length === 4,
    );
    expect(rows.map(({ decision }) => decision)).toEqual(["allow", "approvalRequired", "denied", "approvalRequired"]);
    expect(program.output()).not.toContain("secret");
  });

  it("starts with backend and Slack down, and twice concurrently on an empty database", async () => {
    const nowhere = { BACKENDS: "test=http://127.0.0.1:1/mcp", SLACK_URL: "http://127.0.0.1:1/api" };
    const both = await Promise.all([start(nowhere), start(nowhere)]);
    await Promise.all(both.map(ready));
  });

  it("stops in order: open streams end, held calls are answered, rows are written, exit 0", async () => {
    const program = await ready(await start());
    const client = await RawClient.open(`${program.url}/mcp`);
    const stream = await client.get();
    await client.call("list_items", { last: true });
    const before = questions();
    const held = client.call("create_item");
    await eventually(questions, (count) => count > before);
    program.child.kill("SIGTERM");
    expect(await program.exit).toBe(0);
    expect((await held).message.error?.message).toMatch(/stopping/);
    await stream.text();
    const rows = await postgres.query<{ decision: string }>(
      "SELECT decision FROM audit_log WHERE session_id = $1 ORDER BY id",
      [client.sessionId],
    );
    expect(rows.map(({ decision }) => decision)).toEqual(["allow", "approvalRequired"]);
  });

  it("stops in time although the database hangs, and the next start writes the remaining rows", async () => {
    const spool = join(folder, "kept-spool");
    const program = await ready(await start({ AUDIT_SPOOL_FOLDER: spool }));
    const client = await RawClient.open(`${program.url}/mcp`);
    await client.request("tools/list");
    postgres.signal("SIGSTOP");
    try {
      await client.call("list_items");
      program.child.kill("SIGTERM");
      expect(await program.exit).toBe(0);
      expect(program.output()).toMatch(/audit: 1 rows stay in .*kept-spool for the next start/);
    } finally {
      postgres.signal("SIGCONT");
    }
    await ready(await start({ AUDIT_SPOOL_FOLDER: spool }));
    const rows = await postgres.query("SELECT FROM audit_log WHERE session_id = $1", [client.sessionId]);
    expect(rows).toHaveLength(1);
  });

  it("is killed while a call is held: the next start expires the ticket, and the log is complete", async () => {
    const before = questions();
    const own = { AUDIT_SPOOL_FOLDER: join(folder, "held-spool") };
    const first = await ready(await start(own));
    const client = await RawClient.open(`${first.url}/mcp`);
    const held = client.call("create_item");
    held.catch(() => {});
    await eventually(questions, (count) => count > before);
    first.child.kill("SIGKILL");
    await first.exit;
    await expect(held).rejects.toThrow();
    await ready(await start(own));
    const rows = await eventually(
      () =>
        postgres.query<{ decision: string; reason: string }>(
          "SELECT decision, reason FROM audit_log WHERE session_id = $1 ORDER BY id",
          [client.sessionId],
        ),
      (seen) => seen.length === 2,
    );
    expect(rows.map(({ decision }) => decision)).toEqual(["approvalRequired", "expired"]);
    expect(rows[1]?.reason).toBe("gateway restarted while waiting");
    const left = await postgres.query("SELECT FROM approvals WHERE status = 'pending' AND session_id = $1", [
      client.sessionId,
    ]);
    expect(left).toEqual([]);
  });
});
