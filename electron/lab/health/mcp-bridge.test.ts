import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../resources/stack/http/testing/free-port.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { HealthMonitor } from "./monitor.ts";
import { makeProbe } from "./probe.ts";

const MODULES = join(import.meta.dirname, "..", "..", "..", "node_modules");
const limit = () => AbortSignal.timeout(30_000);

/** A real bridge, which answers HTTP by itself, before a real MCP server on standard input and output. */
async function startBridge() {
  const folder = temporaryFolder();
  const program = join(folder, "everything");
  symlinkSync(join(MODULES, "@modelcontextprotocol", "server-everything", "dist", "index.js"), program);
  const port = await freePort();
  const transport = ["--stdio", `exec ${process.execPath} ${program} stdio`, "--outputTransport", "streamableHttp"];
  const more = ["--stateful", "--port", String(port), "--logLevel", "none"];
  const bridge = spawn(process.execPath, [join(MODULES, "supergateway", "dist", "index.js"), ...transport, ...more]);
  onTestFinished(() => end(bridge));
  return {
    address: `127.0.0.1:${port}`,
    /** Process ids of the servers behind the bridge: one for each session. */
    servers: () => descendantsOf(bridge.pid ?? 0),
    removeServer: () => renameSync(program, `${program}.gone`),
    restoreServer: () => renameSync(`${program}.gone`, program),
  };
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  for (const pid of descendantsOf(child.pid ?? 0)) process.kill(pid, "SIGKILL");
  child.kill("SIGKILL");
  await gone;
}

function descendantsOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .flatMap((name) => [Number(name), ...descendantsOf(Number(name))]);
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined; // it has ended
  }
}

test.skipIf(process.platform !== "linux")(
  "a server that was killed behind its bridge is not up, though the bridge answers, and is up once it is back",
  async () => {
    const bridge = await startBridge();
    const monitor = new HealthMonitor(new Map([["everything", makeProbe({ mcp: "/mcp" }, bridge.address)]]));
    onTestFinished(() => monitor.close());
    await monitor.waitFor("everything", "up", limit());
    expect(bridge.servers()).toHaveLength(1);

    bridge.removeServer();
    for (const pid of bridge.servers()) process.kill(pid, "SIGKILL");
    await monitor.waitFor("everything", "degraded", limit());
    expect(monitor.health("everything").reason).toMatch(/^refuses an MCP handshake: /);
    // The bridge itself still answers requests without a session.
    const ping = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "ping" });
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    expect((await fetch(`http://${bridge.address}/mcp`, { method: "POST", headers, body: ping })).status).toBe(400);

    bridge.restoreServer();
    await monitor.waitFor("everything", "up", limit());
    for (let at = 0; at < 5; at++) await monitor.checkNow("everything", limit());
    expect(bridge.servers()).toHaveLength(1);
    await monitor.close();
    await expect.poll(bridge.servers).toEqual([]);
  },
  60_000,
);
