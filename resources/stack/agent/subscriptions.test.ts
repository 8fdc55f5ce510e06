import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startAgent } from "./server.ts";

const token = "of-these-tests";
const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };

/** An agent whose gateway is a plain HTTP server, with the streams that the agent has opened there by their query. */
async function agentWithStreams() {
  const streams = new Map<string, ServerResponse>();
  const gateway = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "", "http://gateway");
    response.writeHead(pathname === "/api/events" ? 200 : 404, { "content-type": "text/event-stream" });
    response.write(": open\n\n");
    streams.set(search, response);
  });
  gateway.listen(0, "127.0.0.1");
  await once(gateway, "listening");
  const { port } = gateway.address() as AddressInfo;
  const agent = await startAgent({ PORT: "0", CONTROL_TOKEN: token, GATEWAY_URL: `http://127.0.0.1:${port}/mcp` });
  onTestFinished(async () => {
    await agent.stop();
    gateway.closeAllConnections();
    gateway.close();
  });
  const ask = async (method: string, body?: object) => {
    const init = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) };
    return (await fetch(`${agent.url}/subscriptions`, init)).json() as Promise<Record<string, object>>;
  };
  return { streams, ask, url: agent.url };
}

const frame = (kind: string, call: string, detail: unknown) =>
  `event: ${kind}\ndata: ${JSON.stringify({ kind, session: "s", turn: "t", call, tool: "export", detail })}\n\n`;
const progress = (call: string, at: number, total: number) => frame("progress", call, { progress: at, total });

test("counts what each subscription gets, and reports the one that misses progress of a call with a result", async () => {
  const { streams, ask } = await agentWithStreams();
  await ask("POST", { name: "all", session: "*" });
  await ask("POST", { name: "turn", turn: "t 1" });
  expect([...streams.keys()]).toEqual(["?session=*", "?turn=t+1"]);
  const [all, turn] = [...streams.values()];
  turn?.write(progress("a", 1, 2) + progress("a", 2, 2) + frame("result", "a", "ok"));
  all?.write(progress("a", 1, 2) + frame("result", "a", "ok") + frame("error", "b", "upstream_error"));
  const quiet = { isOpen: true, missesProgress: false };
  await expect
    .poll(() => ask("GET"))
    .toEqual({
      all: { ...quiet, terminal: 2, progress: 1, missesProgress: true },
      turn: { ...quiet, terminal: 1, progress: 2 },
    });
});

test("reports a subscription that the gateway ends, and forgets all on request", async () => {
  const { streams, ask } = await agentWithStreams();
  await ask("POST", { name: "all", session: "*" });
  streams.get("?session=*")?.destroy();
  await expect.poll(() => ask("GET")).toMatchObject({ all: { isOpen: false } });
  await ask("POST", { name: "again", session: "*" });
  const ended = once(streams.get("?session=*") as ServerResponse, "close");
  expect(await ask("DELETE")).toEqual({});
  await ended;
});

test("refuses who has no token, and what is no subscription", async () => {
  const { ask, url } = await agentWithStreams();
  expect((await fetch(`${url}/subscriptions`)).status).toBe(401);
  expect((await fetch(`${url}/subscriptions`, { method: "POST", headers, body: "{}" })).status).toBe(400);
  expect(await ask("GET")).toEqual({});
});
