import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, it } from "vitest";
import { setBackendScene, toolsOf } from "../testing/backend-scene.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient, readUntil } from "../testing/raw-client.ts";

const scene = setBackendScene();

describe("several backends", () => {
  it("send a call to the backend of its tool, under the tool's own name there", async () => {
    const [payments, support] = [await scene.backend("list"), await scene.backend("list", "reply")];
    const gateway = await scene.gateway({ payments, support }, { CONFLICTS: "prefix" });
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["payments_list", "support_list", "support_reply"]);
    await client.call("support_list");
    expect([payments.calls, support.calls.map(({ tool }) => tool)]).toEqual([[], ["list"]]);
  });

  it("say which of them a partial list lacks, and are asked again for it", async () => {
    const [payments, support] = [await scene.backend("list"), await scene.backend("reply")];
    await payments.down();
    // Else probes that fail on a busy machine exclude the backend until one succeeds.
    const gateway = await scene.gateway({ payments, support }, { HEALTH_INTERVAL: "10m", HEALTH_RECHECK: "10m" });
    const client = await RawClient.open(gateway.mcpUrl);
    const { result } = (await client.request("tools/list")).message;
    expect(result).toMatchObject({
      tools: [{ name: "reply" }],
      _meta: { "resilience-lab/missingBackends": [{ backend: "payments", reason: "connection refused" }] },
    });
    await payments.up();
    const whole = (await client.request("tools/list")).message.result;
    expect(whole).toMatchObject({ tools: [{ name: "list" }, { name: "reply" }] });
    expect(whole).not.toHaveProperty("_meta");
  });

  it("are asked at the same time, and one that stalls in the middle of its reply holds a list up for its deadline only", async () => {
    const [stalled, support] = [await scene.backend("list"), await scene.backend("reply")];
    stalled.intercept = (_request, response, body) => {
      if (!body.includes('"tools/list"')) return false;
      response.writeHead(200, { "content-type": "application/json", "content-length": "100" }).write("{");
      return true;
    };
    const gateway = await scene.gateway({ stalled, support }, { UPSTREAM_DEADLINE: "300ms" });
    const client = await RawClient.open(gateway.mcpUrl);
    const { result } = (await client.request("tools/list")).message;
    const reason = expect.stringMatching(/^no complete reply within the deadline of \d+ ms$/);
    expect(result).toMatchObject({
      tools: [{ name: "reply" }],
      _meta: { "resilience-lab/missingBackends": [{ backend: "stalled", reason }] },
    });
  });

  it("get their own headers and token, and nobody else's", async () => {
    const [payments, support] = [await scene.backend("list"), await scene.backend("reply")];
    const seen = new Map<unknown, IncomingHttpHeaders[]>([
      [payments, []],
      [support, []],
    ]);
    for (const backend of [payments, support]) {
      backend.intercept = ({ headers }) => {
        seen.get(backend)?.push(headers);
        return false;
      };
    }
    const gateway = await scene.gateway(
      { payments, "second-line": support },
      { BACKEND_PAYMENTS_TOKEN: "t0ken", BACKEND_SECOND_LINE_HEADERS: '{"x-team":"help"}' },
    );
    const client = await RawClient.open(gateway.mcpUrl);
    await client.call("list");
    await client.call("reply");
    const sent = (backend: unknown, name: string) => new Set(seen.get(backend)?.map((headers) => headers[name]));
    expect(sent(payments, "authorization")).toEqual(new Set(["Bearer t0ken"]));
    expect(sent(payments, "x-team")).toEqual(new Set([undefined]));
    expect(sent(support, "authorization")).toEqual(new Set([undefined]));
    expect(sent(support, "x-team")).toEqual(new Set(["help"]));
  });

  it("relay list_changed: a client that listens learns of a tool that a backend has added", async () => {
    const support = await scene.backend("reply");
    let isStreaming = false;
    support.intercept = ({ method }, response) => {
      const writeHead = response.writeHead.bind(response) as (...head: unknown[]) => typeof response;
      if (method === "GET") {
        response.writeHead = (...head: unknown[]) => {
          isStreaming = true;
          return writeHead(...head);
        };
      }
      return false;
    };
    const gateway = await scene.gateway({ support });
    const client = await RawClient.open(gateway.mcpUrl);
    expect(await toolsOf(client)).toEqual(["reply"]);
    const stream = await client.get();
    await eventually(() => isStreaming, Boolean);
    support.addTool("escalate");
    await readUntil(stream, (text) => text.includes("notifications/tools/list_changed"));
    expect(await toolsOf(client)).toEqual(["reply", "escalate"]);
  });
});

describe("a failed call", () => {
  /** Answers the first call of each tool 503. */
  async function failingOnce(variables: Record<string, string>) {
    const support = await scene.backend("read", "write");
    const tools = ["read", "write"].map((name) => ({
      name,
      inputSchema: { type: "object" },
      annotations: { readOnlyHint: name === "read" },
    }));
    const failed = new Set<string>();
    support.intercept = (_request, response, body) => {
      if (body.includes('"tools/list"')) {
        const { id } = JSON.parse(body) as { id: string };
        const json = { "content-type": "application/json" };
        response.writeHead(200, json).end(JSON.stringify({ jsonrpc: "2.0", id, result: { tools } }));
        return true;
      }
      if (!body.includes('"tools/call"')) return false;
      const { name } = (JSON.parse(body) as { params: { name: string } }).params;
      if (failed.has(name)) return false;
      failed.add(name);
      response.writeHead(503, { "retry-after": "0" }).end();
      return true;
    };
    const gateway = await scene.gateway({ support }, variables);
    const client = await RawClient.open(gateway.mcpUrl);
    const errors: unknown[] = [];
    for (const tool of ["read", "write"]) errors.push((await client.call(tool)).message.error?.data?.reason);
    return { errors, executed: support.calls.map(({ tool }) => tool) };
  }

  it("of a tool that a trusted backend declares as read-only is sent again, and no other", async () => {
    const { errors, executed } = await failingOnce({ BACKEND_SUPPORT_TRUST_HINTS: "yes" });
    expect([errors, executed]).toEqual([[undefined, "HTTP 503"], ["read"]]);
  });

  it("of a backend whose hints are not trusted is not sent again", async () => {
    const { errors, executed } = await failingOnce({});
    expect([errors, executed]).toEqual([["HTTP 503", "HTTP 503"], []]);
  });
});
