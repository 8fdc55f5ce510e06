/** What changes the state of a service: refused to pages and to programs without the token, on every service. */
import { afterEach, describe, expect, test } from "vitest";
import { startAgent } from "../agent/server.ts";
import { readSettings } from "../fault-proxy/settings.ts";
import { startFaultProxy } from "../fault-proxy/start.ts";
import { startMockSlack } from "../mock-slack/server.ts";
import { startPayments } from "../payments-mcp/server.ts";
import type { RunningService } from "./serve.ts";

const token = "of-this-stack";
const running: RunningService[] = [];
afterEach(() => Promise.all(running.splice(0).map((service) => service.stop())));

const common = { PORT: "0", CONTROL_TOKEN: token };
const slack = {
  SLACK_BOT_TOKEN: "b",
  SLACK_SIGNING_SECRET: "s",
  SLACK_ACTIONS_URL: "http://127.0.0.1:9/slack/actions",
};
const start = {
  agent: () => startAgent({ ...common, GATEWAY_URL: "http://127.0.0.1:9/mcp" }),
  "mock-slack": () => startMockSlack({ ...common, ...slack }),
  "payments-mcp": () => startPayments(common),
  "fault-proxy": () => startFaultProxy(readSettings(common)),
};

async function up(service: keyof typeof start): Promise<string> {
  const started = await start[service]();
  running.push(started);
  return started.url;
}

const changes: [keyof typeof start, string, object][] = [
  ["agent", "/runs", { input: "hello" }],
  ["mock-slack", "/reset", {}],
  ["mock-slack", "/settings", { autoApproveAfter: "1ms" }],
  ["mock-slack", "/click", { action: "approve" }],
  ["payments-mcp", "/reset", {}],
  ["fault-proxy", "/reset", {}],
  ["fault-proxy", "/populate", []],
  ["fault-proxy", "/proxies", { name: "a", listen: "127.0.0.1:0", upstream: "127.0.0.1:9" }],
];

describe.each(changes)("%s: POST %s", (service, path, given) => {
  test("is refused to a page of any loopback origin, with or without the token, and to who has no token", async () => {
    const url = (await up(service)) + path;
    const body = JSON.stringify(given);
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(url, { method: "POST", headers, body })).status;
    const json = { "content-type": "application/json" };
    const authorization = `Bearer ${token}`;
    expect([403, 415]).toContain(await status({ "content-type": "text/plain", origin: "http://127.0.0.1:5173" }));
    expect(await status({ ...json, origin: "http://localhost:5173" })).toBe(403);
    expect(await status({ ...json, authorization, origin: "http://127.0.0.1:5173" })).toBe(403);
    expect(await status({ ...json, authorization, origin: "null" })).toBe(403);
    expect(await status(json)).toBe(401);
    expect(await status({ ...json, authorization: "Bearer other" })).toBe(401);
    expect(await status({ ...json, authorization: "Bearer " })).toBe(401);
    if (service !== "fault-proxy") expect(await status({ "content-type": "text/plain", authorization })).toBe(415);
    expect([200, 201, 204, 409]).toContain(await status({ ...json, authorization }));
  });
});

test("the fault proxy shows its links and hits with the token only, and its version to everyone", async () => {
  const url = await up("fault-proxy");
  const status = async (path: string, headers = {}) => (await fetch(url + path, { headers })).status;
  for (const path of ["/proxies", "/hits", "/metrics"]) {
    expect([path, await status(path)]).toEqual([path, 401]);
    expect([path, await status(path, { authorization: `Bearer ${token}` })]).toEqual([path, 200]);
  }
  expect([await status("/version"), await status("/healthz")]).toEqual([200, 200]);
});

test("a fault proxy without a token serves Toxiproxy's clients as they are, and still no page", async () => {
  const proxy = await startFaultProxy(readSettings({ PORT: "0" }));
  running.push(proxy);
  const reset = (headers: Record<string, string>) => fetch(`${proxy.url}/reset`, { method: "POST", headers });
  expect((await reset({})).status).toBe(204);
  expect((await reset({ origin: "http://127.0.0.1:5173", "content-type": "text/plain" })).status).toBe(403);
});

test("the others do not start without a token, and say so", async () => {
  const without = { PORT: "0", GATEWAY_URL: "http://127.0.0.1:9/mcp", ...slack };
  for (const begin of [startAgent, startMockSlack, startPayments]) {
    expect(() => begin(without)).toThrow("CONTROL_TOKEN is not set");
  }
});
