/** Access of another user of this machine to a stack that is up, tested as that user. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, TerminalLab } from "./terminal-lab.ts";

const PROJECT = join(import.meta.dirname, "..", "..");
/** Neither this user nor the one that runs PostgreSQL under root. */
const OTHER_USER = 65_533;
const isRoot = process.getuid?.() === 0;
const LINK = "gateway->payments-mcp";

const lab = new TerminalLab();
const secretsFile = join(lab.home, "secrets.env");
let up: Ended;

beforeAll(async () => {
  up = await lab.run("stack", "up", "--ports", "auto");
});
afterAll(() => lab.clear());

const addressOf = (service: string) => new RegExp(`^${service} +(127[^\\s/]+)`, "m").exec(up.out)?.[1] ?? "";
const secret = (name: string) => lab.secret(name);

/** Output of a module as JSON, run as another user where permitted. */
async function asOther(script: string, ...args: string[]): Promise<unknown> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, ...args], {
    cwd: PROJECT,
    env: {},
    stdio: ["ignore", "pipe", "inherit"],
    ...(isRoot ? { uid: OTHER_USER, gid: OTHER_USER } : {}),
  });
  return JSON.parse(await text(child.stdout));
}

test("the secrets are random, readable by the owner only, and in no other file of the data folder or command line", () => {
  const values = ["AUDIT_DB_PASSWORD", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "STACK_TOKEN"].map(secret);
  expect(new Set(values).size).toBe(4);
  for (const value of values) expect(value).toMatch(/^[0-9a-f]{64}$/);
  expect(statSync(secretsFile).mode & 0o777).toBe(0o600);
  const files = readdirSync(lab.home, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "secrets.env")
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(10);
  const holding = files.filter((file) => values.some((value) => readFileSync(file).includes(value)));
  expect(holding).toEqual([]);
  const commands = lab.processes().map(({ command }) => command);
  expect(commands.filter((command) => values.some((value) => command.includes(value)))).toEqual([]);
  expect(values.filter((value) => up.out.includes(value))).toEqual([]);
});

describe("another user", () => {
  test("has no password for the database, and even with it can run no program and access no file", async () => {
    const written = join(tmpdir(), `no-one-in-${process.pid}`);
    const script = `
      import pg from "pg";
      const [address, password, written] = process.argv.slice(1);
      const results = [];
      for (const guess of ["lab-demo-only", "lab", "", "postgres", password]) {
        for (const user of ["lab", "postgres", "resilience_lab_superuser"]) {
          const [host, port] = address.split(":");
          const client = new pg.Client({ host, port: Number(port), user, password: guess, database: "audit" });
          client.on("error", () => {});
          try { await client.connect(); } catch { continue; }
          results.push("in as " + user + (guess === password ? " with the password" : " by guess"));
          for (const sql of [
            "COPY (SELECT 1) TO PROGRAM 'cat > " + written + "'", "COPY (SELECT 1) TO '" + written + "'",
            "SELECT pg_read_file('/etc/hostname')", "SELECT lo_import('/etc/hostname')",
            "SELECT lo_export(0, '" + written + "')", "ALTER ROLE lab SUPERUSER",
          ]) results.push(await client.query(sql).then(() => sql, (error) => error.code));
          await client.end();
        }
      }
      console.log(JSON.stringify(results));
      process.exit(); // a connection whose log-in has failed may be open still`;
    const results = await asOther(script, addressOf("audit-db"), secret("AUDIT_DB_PASSWORD"), written);
    const wasWritten = existsSync(written);
    rmSync(written, { force: true });
    expect(results).toEqual(["in as lab with the password", ...Array(6).fill("42501")]);
    expect(wasWritten).toBe(false);
  });

  test("cannot change the state of a service: a request from a page, or without the token, is refused", async () => {
    const changes = [
      [addressOf("agent"), "/runs", { input: "create-refund" }],
      [addressOf("mock-slack"), "/reset", {}],
      [addressOf("mock-slack"), "/settings", { autoApproveAfter: "1ms" }],
      [addressOf("mock-slack"), "/click", { action: "approve" }],
      [addressOf("payments-mcp"), "/reset", {}],
      [addressOf("fault-proxy"), "/reset", {}],
      [addressOf("fault-proxy"), `/proxies/${encodeURIComponent(LINK)}`, { enabled: false }],
    ];
    const script = `
      const results = [];
      for (const [address, path, given] of JSON.parse(process.argv[1])) {
        const status = async (headers) => {
          const init = { method: "POST", headers, body: JSON.stringify(given) };
          return (await fetch("http://" + address + path, init)).status;
        };
        results.push([
          await status({ "content-type": "text/plain", origin: "http://127.0.0.1:5173" }),
          await status({ "content-type": "application/json" }),
          await status({ "content-type": "application/json", authorization: "Bearer lab-demo-only" }),
        ]);
      }
      console.log(JSON.stringify(results));`;
    const results = await asOther(script, JSON.stringify(changes));
    expect(results).toEqual(changes.map(() => [403, 401, 401]));
    expect((await lab.run("stack", "status")).code).toBe(0);
  });

  test.runIf(isRoot)("cannot read the file of the secrets", async () => {
    const script = `import { readFile } from "node:fs/promises";
      console.log(JSON.stringify(await readFile(process.argv[1], "utf8").catch((error) => error.code)));`;
    expect(await asOther(script, secretsFile)).toBe("EACCES");
  });
});

test("a fault left by a killed lab is undone from the journal through a proxy that requires the token", async () => {
  const steadyState = "steadyState: [{ service: gateway, is: up }]";
  const method = `method: [{ fault: { latency: "${LINK}", by: 60s } }, { wait: 10m }]`;
  const head = "id: left\ntitle: left\npatterns: []\n";
  const file = lab.write("left.yaml", `${head}${steadyState}\n${method}\nexpect: [{ service: gateway, is: up }]\n`);
  const session = lab.start("run", file);
  await session.prints("fault     latency");
  await lab.cutPower();
  const journal = readFileSync(join(lab.home, "journal.db"));
  expect(journal.includes(secret("STACK_TOKEN"))).toBe(false);
  const { out } = await lab.run("halt");
  expect(out).toContain(LINK);
  const headers = { authorization: `Bearer ${secret("STACK_TOKEN")}` };
  const url = `http://${addressOf("fault-proxy")}/proxies/${encodeURIComponent(LINK)}/toxics`;
  expect(await (await fetch(url, { headers })).json()).toEqual([]);
});
