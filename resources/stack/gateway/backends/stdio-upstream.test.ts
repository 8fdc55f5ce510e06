import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { backendHealth, toolsOf } from "../testing/backend-scene.ts";
import { eventually, launchGateway, type TestGateway } from "../testing/lab.ts";
import { RawClient, readUntil } from "../testing/raw-client.ts";

const server = fileURLToPath(new URL("../testing/stdio-server.ts", import.meta.url));
const allowAll = "rules: []\ndefaultAction: allow\n";
const ends: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function launch(
  command: string[] = [process.execPath, server],
  variables: Record<string, string> = {},
): Promise<TestGateway> {
  const AUDIT_FILE = join(tmpdir(), `gateway-test-${randomUUID()}.jsonl`);
  ends.push(() => rmSync(AUDIT_FILE, { force: true }));
  const gateway = await launchGateway(
    {
      AUDIT_FILE,
      BACKENDS: "files=stdio:",
      BACKEND_FILES_COMMAND: JSON.stringify(command),
      BACKEND_FILES_ENVIRONMENT: '{"OWN":"1"}',
      HEALTH_INTERVAL: "100ms",
      // Calls in a row while the command is started again open the circuit.
      CIRCUIT_TIMEOUT: "100ms",
      UPSTREAM_DEADLINE: "20s",
      ...variables,
    },
    allowAll,
  );
  ends.push(gateway.stop);
  return gateway;
}

const textOf = async (client: RawClient, tool: string, input: object = {}) => {
  const { content } = ((await client.call(tool, input)).message.result ?? {}) as { content?: { text: string }[] };
  return content?.[0]?.text ?? "";
};

describe("a backend that is a command", () => {
  it("lists and executes its tools, and writes its standard error to the log", async () => {
    const gateway = await launch();
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["echo", "environment", "exit", "grow"]);
    expect(await textOf(client, "echo", { text: "hi" })).toMatch(/^hi of \d+$/);
    expect(gateway.log).toContain("backend files: the server is starting");
  });

  it("gets its own environment, and not the gateway's", async () => {
    const client = await RawClient.open((await launch()).mcpUrl);
    const names = (await textOf(client, "environment")).split(" ");
    expect(names).toContain("OWN");
    expect(names.filter((name) => /VITEST|AUDIT|BACKEND/.test(name))).toEqual([]);
  });

  it("is started again when it ends: its calls fail with the reason, and the next ones are executed", async () => {
    const gateway = await launch();
    const client = await RawClient.open(gateway.mcpUrl);
    const before = await textOf(client, "echo", { text: "a" });
    const other = await RawClient.open(gateway.mcpUrl);
    const held = other.call("echo", { text: "held", delayMs: 60_000 });
    await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 1);
    const reason = "its process has ended with exit code 3";
    expect((await client.call("exit")).message.error?.data?.reason).toBe(reason);
    expect((await held).message.error?.data?.reason).toBe(reason);
    const after = await eventually(() => textOf(client, "echo", { text: "a" }), Boolean);
    expect(after).not.toBe(before);
    expect(gateway.log.join("\n")).toMatch(
      /files: its process has ended with exit code 3; it is started again in \d+ ms/,
    );
  });

  it("that ends at each start is started at growing intervals, and reported as unhealthy", async () => {
    const gateway = await launch([process.execPath, "-e", "process.exit(7)"]);
    const pauses = () =>
      gateway.log.flatMap((line) => /exit code 7; it is started again in (\d+) ms/.exec(line)?.[1] ?? []).map(Number);
    await eventually(pauses, ({ length }) => length >= 3);
    expect(pauses().slice(0, 3)).toEqual([250, 500, 1_000]);
    await eventually(
      () => backendHealth(gateway),
      ({ files }) => files?.Status === "unhealthy",
    );
  });

  it("waits no longer than its limit between two starts", async () => {
    const gateway = await launch([process.execPath, "-e", "process.exit(7)"], { RESTART_PAUSE_LIMIT: "300ms" });
    const pauses = () => gateway.log.flatMap((line) => /started again in (\d+) ms/.exec(line)?.[1] ?? []).map(Number);
    await eventually(pauses, ({ length }) => length >= 3);
    expect(pauses().slice(0, 3)).toEqual([250, 300, 300]);
  });

  it("stays ended with the protection switched off, and its calls fail with the reason", async () => {
    const gateway = await launch(undefined, { PROTECTIONS_OFF: "command-restart,health-monitor,circuit-breaker" });
    const client = await RawClient.open(gateway.mcpUrl);
    await client.call("exit");
    expect(gateway.log).toContain("backend files: its process has ended with exit code 3; it is not started again");
    const { error } = (await client.call("echo", { text: "a" })).message;
    expect(error?.data?.reason).toBe("its process has ended with exit code 3");
  });

  it("is the gateway's own Node where its command says node", async () => {
    const script = "process.stderr.write(process.execPath + '\\n')";
    const gateway = await launch(["node", "-e", script]);
    await eventually(
      () => gateway.log,
      (log) => log.includes(`backend files: ${process.execPath}`),
    );
  });

  it("that does not exist is reported with the cause", async () => {
    const gateway = await launch(["/nowhere/server"]);
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.request("tools/list")).message.error?.data?.reason).toMatch(
      /its process cannot be started: .*ENOENT/,
    );
  });

  it("is cancelled by its caller, and announces other tools", async () => {
    const gateway = await launch();
    const client = await RawClient.open(gateway.mcpUrl);
    await toolsOf(client);
    const leaving = new AbortController();
    const call = client.call("echo", { text: "x", delayMs: 60_000 }, { signal: leaving.signal });
    await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 1);
    leaving.abort();
    await expect(call).rejects.toThrow();
    await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 0);
    const stream = await client.get();
    await client.call("grow");
    await readUntil(stream, (text) => text.includes("notifications/tools/list_changed"));
    expect(await toolsOf(client)).toContain("grown");
  });

  it("ends with the gateway", async () => {
    const gateway = await launch();
    const client = await RawClient.open(gateway.mcpUrl);
    const pid = Number((await textOf(client, "echo", { text: "x" })).split(" ").at(-1));
    await gateway.stop();
    await eventually(
      () => isRunning(pid),
      (running) => !running,
    );
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
