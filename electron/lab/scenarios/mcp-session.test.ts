import { expect, test } from "vitest";
import { fakeGateway } from "../../testing/fake-services.ts";
import { sseServer } from "../../testing/sse-server.ts";
import { openMcpSession } from "./mcp-session.ts";

const never = new AbortController().signal;
const headers = { Authorization: "Bearer of-theirs" };

test("a session with a server of HTTP+SSE alone lists and calls its tools, and is closed", async () => {
  const { address, streams, asked } = await sseServer({ authorization: headers.Authorization });
  const session = await openMcpSession({ url: `http://${address}/sse`, headers }, "turn-1", never);
  expect(session.id).toBeUndefined();
  expect(await session.listTools(never)).toMatchObject([{ name: "greet" }]);
  expect(await session.call("greet", {}, never)).toEqual({ ok: true, decision: "ok", detail: "hello" });
  expect(new Set(asked.map((each) => each.headers["x-mcp-turn-id"]))).toEqual(new Set(["turn-1"]));
  await session.close();
  await expect.poll(() => streams.size).toBe(0);
});

test("a session over Streamable HTTP carries the endpoint's headers with each request", async () => {
  const { address, asked } = await fakeGateway(() => ({ result: { content: [] } }));
  const session = await openMcpSession({ url: `http://${address}/mcp`, headers }, "turn-1", never);
  await session.call("any", {}, never);
  await session.close();
  expect(new Set(asked.map((each) => each.headers.authorization))).toEqual(new Set(["Bearer of-theirs"]));
});

test.each([
  ["speaks neither transport", { path: "/elsewhere" }, "/sse answers HTTP 404"],
  [
    "wants another token",
    { authorization: "another" },
    "/sse answers HTTP 401: it wants authorization (x-lab.headers)",
  ],
])("a server that %s is refused with what it answered", async (_what, server, why) => {
  const { address } = await sseServer(server);
  await expect(openMcpSession({ url: `http://${address}/sse`, headers }, "turn-1", never)).rejects.toThrow(why);
});
