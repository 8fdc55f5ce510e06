import { describe, expect, it } from "vitest";
import { setBackendScene } from "../testing/backend-scene.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";

const scene = setBackendScene();

describe("a backend with state", () => {
  it("has a session for each client, the same in all its calls", async () => {
    const support = await scene.backend("reply");
    const gateway = await scene.gateway({ support });
    const [one, other] = [await RawClient.open(gateway.mcpUrl), await RawClient.open(gateway.mcpUrl)];
    for (const client of [one, other, one, other]) await client.call("reply");
    const [first, second, third, fourth] = support.calls.map(({ session }) => session);
    expect([third, fourth]).toEqual([first, second]);
    expect(second).not.toBe(first);
  });

  it("is told when a client has gone: of its sessions only the gateway's own is left", async () => {
    const support = await scene.backend("reply");
    const gateway = await scene.gateway({ support });
    const clients = await Promise.all(Array.from({ length: 3 }, () => RawClient.open(gateway.mcpUrl)));
    await Promise.all(clients.map((client) => client.call("reply")));
    await eventually(support.sessions, (count) => count === 4);
    for (const { url, sessionId } of clients) {
      await fetch(url, { method: "DELETE", headers: { "mcp-session-id": sessionId ?? "" } });
    }
    await eventually(support.sessions, (count) => count === 1);
  });

  it("is told when the gateway stops: no session is left, neither its own nor one of a client", async () => {
    const support = await scene.backend("reply");
    const gateway = await scene.gateway({ support });
    const clients = await Promise.all(Array.from({ length: 3 }, () => RawClient.open(gateway.mcpUrl)));
    await Promise.all(clients.map((client) => client.call("reply")));
    await eventually(support.sessions, (count) => count === 4);
    await gateway.stop();
    expect(support.sessions()).toBe(0);
  });

  it("and does not answer, does not keep the gateway from stopping", async () => {
    const support = await scene.backend("reply");
    const gateway = await scene.gateway({ support });
    await (await RawClient.open(gateway.mcpUrl)).call("reply");
    const unanswered: (string | undefined)[] = [];
    support.intercept = ({ method }) => method === "DELETE" && unanswered.push(method) > 0;
    await gateway.stop();
    expect(unanswered).toEqual(["DELETE", "DELETE"]);
  });

  it("loses one client's session: that is opened again, and no other", async () => {
    const support = await scene.backend("reply");
    const gateway = await scene.gateway({ support });
    const [one, other] = [await RawClient.open(gateway.mcpUrl), await RawClient.open(gateway.mcpUrl)];
    for (const client of [one, other]) await client.call("reply");
    const [lost, kept] = support.calls.map(({ session }) => session);
    support.intercept = ({ headers }, response) => {
      if (headers["mcp-session-id"] !== lost) return false;
      response.writeHead(404).end();
      return true;
    };
    for (const client of [one, other]) expect((await client.call("reply")).message.result).toBeDefined();
    const [renewed, same] = support.calls.slice(2).map(({ session }) => session);
    expect([renewed === lost, same]).toEqual([false, kept]);
  });

  it.each([
    ["its configuration", { BACKEND_SUPPORT_SESSIONS: "shared" }],
    ["the protection that is off", { PROTECTIONS_OFF: "client-sessions" }],
  ])("shares one session among all clients because of %s", async (_why, variables) => {
    const support = await scene.backend("reply");
    const gateway = await scene.gateway({ support }, variables);
    for (const client of [await RawClient.open(gateway.mcpUrl), await RawClient.open(gateway.mcpUrl)]) {
      await client.call("reply");
    }
    expect(new Set(support.calls.map(({ session }) => session)).size).toBe(1);
    expect(support.sessions()).toBe(1);
  });
});

it("a backend without session ids has no state: one handshake serves all clients", async () => {
  const support = await scene.backend("reply");
  let handshakes = 0;
  support.intercept = ({ method }, response, body) => {
    if (method !== "POST") {
      response.writeHead(405).end();
      return true;
    }
    const { id, method: rpc } = JSON.parse(body) as { id?: string; method: string };
    if (rpc === "initialize") handshakes += 1;
    const about = {
      protocolVersion: "2025-06-18",
      capabilities: { tools: {} },
      serverInfo: { name: "b", version: "1" },
    };
    const tools = [{ name: "reply", inputSchema: { type: "object" } }];
    const result = { initialize: about, "tools/list": { tools } }[rpc] ?? { content: [] };
    const json = { "content-type": "application/json" };
    if (id === undefined) response.writeHead(202).end();
    else response.writeHead(200, json).end(JSON.stringify({ jsonrpc: "2.0", id, result }));
    return true;
  };
  const gateway = await scene.gateway({ support });
  for (const client of [await RawClient.open(gateway.mcpUrl), await RawClient.open(gateway.mcpUrl)]) {
    expect((await client.call("reply")).message.result).toBeDefined();
  }
  expect(handshakes).toBe(1);
});
