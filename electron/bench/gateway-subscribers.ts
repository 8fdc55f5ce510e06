import { mkdtempSync, rmSync } from "node:fs";
import { type ClientRequest, get } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { killServices, startService } from "../../resources/stack/http/testing/service-process.ts";
import { quantile, type Row, row } from "./row.ts";

const SUBSCRIBERS = 1_000;
const CALLS = 20;
const EVERY_MS = 250;
const STACK = join(import.meta.dirname, "..", "..", "resources", "stack");

/** Calls at the gateway with a thousand subscribers of all calls, one of which reads nothing: from a call to its event at each other. */
export async function benchGatewaySubscribers(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-events-"));
  const open: (ClientRequest | Socket)[] = [];
  try {
    const gateway = await startService(join(STACK, "build", "gateway.mjs"), {
      PORT: "0",
      BACKENDS: "none=http://127.0.0.1:9/mcp",
      POLICY_FILE: join(STACK, "policy.yaml"),
      AUDIT_FILE: join(folder, "audit.jsonl"),
      AUDIT_SPOOL_FOLDER: join(folder, "spool"),
      HEALTH_INTERVAL: "60m",
      HEALTH_RECHECK: "60m",
    }).url();
    const stalled = connect(Number(new URL(gateway).port), "127.0.0.1").pause();
    stalled.write("GET /api/events?session=* HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
    open.push(stalled);
    let sentMs = 0;
    const tookMs: number[] = [];
    const note = (text: string) => {
      if (text.includes("event: error")) tookMs.push(performance.now() - sentMs);
    };
    for (let count = 1; count < SUBSCRIBERS; count++)
      open.push(await subscribe(`${gateway}/api/events?session=*`, note));
    const call = await caller(`${gateway}/mcp`);
    await call();
    await delay(EVERY_MS);
    tookMs.length = 0;
    for (let count = 0; count < CALLS; count++) {
      sentMs = performance.now();
      await call();
      await delay(EVERY_MS);
    }
    const missing = CALLS * (SUBSCRIBERS - 1) - tookMs.length;
    return [
      row("1,000 subscribers of the gateway, one stalled: p50", quantile(tookMs, 0.5), "ms"),
      row("the same: p99 of the others", quantile(tookMs, 0.99), "ms", "<= 100"),
      row("the same: events missing", missing, "events", "<= 0"),
    ];
  } finally {
    for (const each of open) each.destroy();
    await killServices();
    rmSync(folder, { recursive: true, force: true });
  }
}

function subscribe(url: string, onText: (text: string) => void): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      response.setEncoding("utf8").on("data", onText);
      response.on("error", () => {});
      resolve(request);
    });
    request.on("error", reject);
  });
}

/** A call that ends at the gateway. */
async function caller(url: string): Promise<() => Promise<void>> {
  const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
  const post = (body: object, session = "") =>
    fetch(url, {
      method: "POST",
      headers: { ...headers, ...(session === "" ? {} : { "mcp-session-id": session }) },
      body: JSON.stringify({ jsonrpc: "2.0", ...body }),
    });
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } };
  const opened = await post({ id: 0, method: "initialize", params });
  await opened.text();
  const session = opened.headers.get("mcp-session-id") ?? "";
  await (await post({ method: "notifications/initialized" }, session)).text();
  const request = { id: 1, method: "tools/call", params: { name: "unknown", arguments: {} } };
  return async () => void (await (await post(request, session)).text());
}
