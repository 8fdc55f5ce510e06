import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { expect, onTestFinished, test } from "vitest";
import { serveTools } from "./serve-tools.ts";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

test("a session that stays open keeps none of its answers", async () => {
  const answers: WeakRef<Response>[] = [];
  const Original = globalThis.Response;
  globalThis.Response = class extends Original {
    constructor(...parts: ConstructorParameters<typeof Response>) {
      super(...parts);
      answers.push(new WeakRef(this));
    }
  };
  onTestFinished(() => {
    globalThis.Response = Original;
  });
  const createServer = () => {
    const server = new McpServer({ name: "test", version: "1" });
    server.registerTool("echo", {}, () => ({ content: [] }));
    return server;
  };
  const parts = { name: "test", port: 0, toolNames: ["echo"], createServer, counts: () => ({}), reset: () => {} };
  const service = await serveTools(parts, { PORT: "0", CONTROL_TOKEN: "of-this-test" });
  onTestFinished(() => service.stop());
  const client = new Client({ name: "test", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(`${service.url}/mcp`));
  // The SDK's own types are inconsistent under exactOptionalPropertyTypes.
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  for (let n = 0; n < 40; n += 1) await client.callTool({ name: "echo", arguments: {} });
  for (let pass = 0; pass < 4; pass += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(answers.length).toBeGreaterThanOrEqual(40);
  expect(answers.filter((answer) => answer.deref() !== undefined).length).toBeLessThan(10);
  await client.close();
});
