import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { expect, onTestFinished, test } from "vitest";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

async function templatesServer() {
  const seen: (string | undefined)[] = [];
  const state = { status: 200, seen };
  const server = createServer((request, response) => {
    seen.push(request.headers.traceparent as string | undefined);
    response.writeHead(state.status, { "content-type": "application/json" }).end('{"delay":"Soon."}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/templates` };
}

function clientOf(url: string) {
  const client = new Client({ name: "test", version: "1" });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [program],
    env: { TEMPLATES_URL: url },
    stderr: "pipe",
  });
  let log = "";
  transport.stderr?.on("data", (bytes: Buffer) => {
    log += bytes.toString();
  });
  onTestFinished(() => client.close());
  return { client, transport, log: () => log };
}

test("serves the official client: lists its tool, drafts, and says which templates there are", async () => {
  const { state, url } = await templatesServer();
  const { client, transport } = clientOf(url);
  await client.connect(transport);
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["draft_reply"]);
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  const call = (topic: string) =>
    client.callTool({ name: "draft_reply", arguments: { topic }, _meta: { traceparent } });
  expect(await call("delay")).toMatchObject({ content: [{ text: "Soon." }] });
  expect(state.seen).toEqual([undefined, traceparent]);
  expect(await call("toString")).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining("delay") }],
  });
});

test("ends with a call that finds no templates, and at its start", async () => {
  const { state, url } = await templatesServer();
  const running = clientOf(url);
  await running.client.connect(running.transport);
  state.status = 503;
  await expect(running.client.callTool({ name: "draft_reply", arguments: { topic: "delay" } })).rejects.toThrow();
  expect(running.log()).toContain("drafts-mcp: the templates cannot be read: HTTP 503");
  const starting = clientOf(url);
  await expect(starting.client.connect(starting.transport)).rejects.toThrow();
});
