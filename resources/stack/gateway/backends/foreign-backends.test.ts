import { describe, expect, it } from "vitest";
import { RawClient } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";

const scene = setScene();

describe("a backend as others write it", () => {
  /** Answers the next tools/call with this text as an event stream, `ID` standing for the id of the request. */
  const answersCall = (text: string) => {
    scene.backend.intercept = (_request, response, body) => {
      if (!body.includes("tools/call")) return false;
      const { id } = JSON.parse(body) as { id: string };
      response.writeHead(200, { "content-type": "text/event-stream" }).end(text.replaceAll("ID", id));
      return true;
    };
  };
  const OK = '{"jsonrpc":"2.0","id":"ID","result":{"content":[{"type":"text","text":"ok"}]}}';

  it.each([
    ["events of other types before the message", `event: ping\ndata: ping\n\nevent: message\ndata: ${OK}\n\n`],
    ["lines that end with CR", `data: ${OK}\r\r`],
    ["a byte order mark", `\ufeffdata: ${OK}\n\n`],
    ["an event without data first", `id: 1\nretry: 5\ndata:\n\ndata: ${OK}\n\n`],
  ])("streams with %s", async (_what, text) => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    answersCall(text);
    expect((await client.call("list_items", { n: 1 })).message.result).toMatchObject({ content: [{ text: "ok" }] });
  });

  it.each([
    ["an event is not JSON", "data: hello\n\n"],
    ["it answers another request", `data: ${OK.replace("ID", "other")}\n\n`],
  ])("streams no response, and the reason names what came instead: %s", async (problem, text) => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    answersCall(text);
    const { error } = (await client.call("list_items", { n: 1 })).message;
    expect(error?.data?.reason).toBe(`malformed reply: ${problem}`);
  });

  it("ends a stream to be resumed: the rest is asked for by the last event's id, also more than once", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.call("list_items", { n: 1 });
    let id = "";
    const resumed: unknown[] = [];
    scene.backend.intercept = (request, response, body) => {
      const streams = (text: string) => response.writeHead(200, { "content-type": "text/event-stream" }).end(text);
      if (request.method === "GET" && request.headers["last-event-id"] !== undefined) {
        resumed.push([request.headers["last-event-id"], request.headers["mcp-session-id"] !== undefined]);
        streams(resumed.length === 1 ? "id: 2\ndata:\n\n" : `id: 3\ndata: ${OK.replace("ID", id)}\n\n`);
        return true;
      }
      if (!body.includes("tools/call")) return false;
      id = (JSON.parse(body) as { id: string }).id;
      streams("id: 1\nretry: 5\ndata:\n\n");
      return true;
    };
    expect((await client.call("list_items", { n: 2 })).message.result).toMatchObject({ content: [{ text: "ok" }] });
    expect(resumed).toEqual([
      ["1", true],
      ["2", true],
    ]);
  });

  it("cannot be resumed: the call fails and says so", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    scene.backend.intercept = (request, response, body) => {
      if (request.method === "GET") response.writeHead(405).end();
      else if (!body.includes("tools/call")) return false;
      else response.writeHead(200, { "content-type": "text/event-stream" }).end("id: 1\nretry: 5\ndata:\n\n");
      return true;
    };
    expect((await client.call("list_items", { n: 1 })).message.error?.data?.reason).toMatch(
      /the stream ended without a response, and HTTP 405 to resuming it/,
    );
  });

  it.each(["2024-11-05", "2024-10-07", "2025-03-26"])("speaks revision %s", async (version) => {
    const sent: unknown[] = [];
    scene.backend.intercept = (request, response, body) => {
      const { id, method } = JSON.parse(body) as { id?: string; method: string };
      if (method !== "initialize") sent.push(request.headers["mcp-protocol-version"]);
      const about = { protocolVersion: version, capabilities: { tools: {} }, serverInfo: { name: "b", version: "1" } };
      const tools = [{ name: "list_items", inputSchema: { type: "object" } }];
      const result = { initialize: about, "tools/list": { tools } }[method] ?? { content: [] };
      if (id === undefined) response.writeHead(202).end();
      else {
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ jsonrpc: "2.0", id, result }));
      }
      return true;
    };
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    expect((await client.call("list_items", { n: 1 })).message.result).toBeDefined();
    expect(new Set(sent)).toEqual(new Set([version]));
  });

  it("redirects to another path of its own: it is followed, once for all", async () => {
    const paths: unknown[] = [];
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    scene.backend.intercept = (request, response, body) => {
      if (!body.includes("tools/call")) return false;
      paths.push(request.url);
      if (request.url !== "/mcp") return false;
      response.writeHead(307, { location: "/mcp/" }).end();
      return true;
    };
    expect((await client.call("list_items", { n: 1 })).message.result).toBeDefined();
    const before = paths.length;
    expect((await client.call("list_items", { n: 2 })).message.result).toBeDefined();
    expect(paths.filter((path) => path === "/mcp")).toHaveLength(1);
    expect(paths.slice(before)).not.toContain("/mcp");
  });

  it("redirects elsewhere: the error names where to", async () => {
    const client = await RawClient.open((await scene.launch()).mcpUrl);
    await client.call("list_items", { n: 0 });
    scene.backend.intercept = (_request, response, body) => {
      if (!body.includes("tools/call")) return false;
      response.writeHead(307, { location: "http://elsewhere.example/mcp" }).end();
      return true;
    };
    expect((await client.call("list_items", { n: 1 })).message.error?.data?.reason).toBe(
      "HTTP 307: it redirects to http://elsewhere.example/mcp, which is another origin",
    );
  });
});
