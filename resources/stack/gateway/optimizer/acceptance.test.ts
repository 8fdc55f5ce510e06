import { describe, expect, it, onTestFinished } from "vitest";
import { becomes, isOpen, isUnhealthy, isUp, setBackendScene, toolsOf } from "../testing/backend-scene.ts";
import { startEmbeddings } from "../testing/embedding-server.ts";
import { eventually, type TestGateway } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";

const scene = setBackendScene();
const optimizer = { OPTIMIZER: "on" };

interface Found {
  tools: { name: string; description?: string; inputSchema: unknown }[];
  token_metrics: { baseline_tokens: number; returned_tokens: number; savings_percent: number };
  warning?: string;
}

interface ToolResult {
  isError?: boolean;
  content: { text: string }[];
  structuredContent?: unknown;
}

async function call(client: RawClient, name: string, given: unknown): Promise<ToolResult> {
  return (await client.call(name, given)).message.result as unknown as ToolResult;
}

async function find(client: RawClient, description: string, keywords?: string[]): Promise<Found> {
  const given = { tool_description: description, ...(keywords ? { tool_keywords: keywords } : {}) };
  const result = await call(client, "find_tool", given);
  expect(result.isError ?? false, result.content[0]?.text).toBe(false);
  expect(JSON.parse(result.content[0]?.text ?? "")).toEqual(result.structuredContent);
  return result.structuredContent as Found;
}

const namesOf = ({ tools }: Found) => tools.map(({ name }) => name).sort();
const openNew = ({ mcpUrl }: TestGateway) => RawClient.open(mcpUrl);

/** Two backends with an embeddings endpoint in which `fetch` and everything with "web" in it are near each other. */
async function withEmbeddings(variables: Record<string, string> = {}) {
  const [stable, unstable] = [await scene.backend("fetch"), await scene.backend("echo")];
  const embeddings = await startEmbeddings((text) => (/fetch|web/.test(text) ? [1, 0, 0] : [-0.5, 1, 0]));
  onTestFinished(embeddings.down);
  const gateway = await scene.gateway(
    { stable, unstable },
    { ...optimizer, EMBEDDINGS_URL: embeddings.url, ...variables },
  );
  return { embeddings, client: await openNew(gateway) };
}

/** The acceptance tests of ToolHive's vMCP for its optimizer, under its names. */
describe("VirtualMCPServer Optimizer", () => {
  it("should only expose find_tool and call_tool", async () => {
    const { gateway } = await scene.pair(optimizer);
    const client = await openNew(gateway);
    expect(await toolsOf(client)).toEqual(["find_tool", "call_tool"]);
    const direct = await client.call("fetch");
    expect(direct.message.error).toMatchObject({ code: -32602, message: expect.stringContaining("find_tool") });
  });

  it("should find and invoke backend tools, with flat and with nested parameters", async () => {
    const { gateway, stable } = await scene.pair(optimizer);
    const client = await openNew(gateway);
    const found = await find(client, "fetch a web page");
    expect(namesOf(found)).toEqual(["fetch"]);
    expect(found.tools[0]?.inputSchema).toMatchObject({ type: "object" });
    const [flat, nested] = [
      { tool_name: "fetch", parameters: { url: "a" } },
      { parameters: { tool_name: "fetch", url: "b" } },
    ];
    expect((await call(client, "call_tool", flat)).isError ?? false).toBe(false);
    expect((await call(client, "call_tool", nested)).isError ?? false).toBe(false);
    expect(stable.calls.map((seen) => [seen.tool, seen.arguments])).toEqual([
      ["fetch", { url: "a" }],
      ["fetch", { url: "b" }],
    ]);
    expect(await call(client, "call_tool", { tool_name: "nothing", parameters: {} })).toMatchObject({
      isError: true,
      content: [{ text: "tool not found: nothing" }],
    });
  });

  it("should discover the tools of two backends under their prefixes and invoke one", async () => {
    const { gateway, unstable } = await scene.pair({ ...optimizer, CONFLICTS: "prefix" });
    const client = await openNew(gateway);
    expect(namesOf(await find(client, "anything", ["echo", "fetch"]))).toEqual(["stable_fetch", "unstable_echo"]);
    await call(client, "call_tool", { tool_name: "unstable_echo", parameters: {} });
    expect(unstable.calls).toHaveLength(1);
  });

  it("should find a matching tool for each query", async () => {
    const backend = await scene.backend("echo", "fetch", "query_vulnerability", "list_pull_requests", "createRefund");
    const client = await openNew(await scene.gateway({ many: backend }, optimizer));
    const queries = {
      "echo a message back": "echo",
      "fetching the content of a URL": "fetch",
      "find vulnerabilities of a package": "query_vulnerability",
      "pull request listing": "list_pull_requests",
      "refund a customer": "createRefund",
    };
    for (const [query, name] of Object.entries(queries)) expect((await find(client, query)).tools[0]?.name).toBe(name);
    expect((await find(client, 'unbalanced " OR ( quotes*')).tools).toEqual([]);
  });

  it("should find at most eight tools and say how many tokens that saves", async () => {
    const backend = await scene.backend(...Array.from({ length: 20 }, (_, n) => `report_${n}`));
    const client = await openNew(await scene.gateway({ many: backend }, optimizer));
    const { tools, token_metrics: metrics } = await find(client, "report");
    expect(tools).toHaveLength(8);
    const bytes = tools.reduce((sum, tool) => sum + Math.floor(Buffer.byteLength(JSON.stringify(tool)) / 4), 0);
    expect(metrics.returned_tokens).toBe(bytes);
    expect(metrics.savings_percent).toBeCloseTo((1 - bytes / metrics.baseline_tokens) * 100, 6);
    const nothing = await find(client, "weather");
    expect([nothing.tools, nothing.token_metrics.savings_percent]).toEqual([[], 100]);
  });

  it("should call an inner tool under its own policy, turn and record", async () => {
    const { gateway } = await scene.pair(optimizer);
    const client = await openNew(gateway);
    await call(client, "call_tool", { tool_name: "fetch", parameters: {} });
    const health = (await (await fetch(`${gateway.url}/health?calls=9`)).json()) as { recentCalls: unknown[] };
    expect(health.recentCalls).toMatchObject([{ tool: "fetch", decision: "allow" }]);
  });
});

describe("VirtualMCPServer Optimizer with Circuit Breaker", () => {
  const breaker = { ...optimizer, CIRCUIT_FAILURE_THRESHOLD: "3", UNHEALTHY_THRESHOLD: "2", CIRCUIT_TIMEOUT: "200ms" };
  const search = (client: RawClient) => find(client, "anything", ["echo", "fetch"]);

  it("should find tools from all healthy backends via optimizer", async () => {
    const { gateway } = await scene.pair(breaker);
    expect(namesOf(await search(await openNew(gateway)))).toEqual(["echo", "fetch"]);
  });

  it("should exclude unhealthy backend tools from optimizer after circuit breaker opens", async () => {
    const { gateway, unstable } = await scene.pair(breaker);
    const before = await openNew(gateway);
    await unstable.down();
    await becomes(gateway, "unstable", (health) => isOpen(health) && isUnhealthy(health));
    const client = await openNew(gateway);
    expect(namesOf(await search(client))).toEqual(["fetch"]);
    const excluded = await call(client, "call_tool", { tool_name: "echo", parameters: {} });
    expect([excluded.isError, excluded.content[0]?.text]).toEqual([
      true,
      expect.stringContaining("tool not found: echo"),
    ]);
    expect(namesOf(await search(before))).toEqual(["echo", "fetch"]);
  });

  it("should restore backend tools in optimizer after circuit breaker recovers", async () => {
    const { gateway, unstable } = await scene.pair(breaker);
    await unstable.down();
    await becomes(gateway, "unstable", isOpen);
    await unstable.up();
    await becomes(gateway, "unstable", (health) => isUp(health) && health.CircuitState === "closed");
    expect(namesOf(await search(await openNew(gateway)))).toEqual(["echo", "fetch"]);
  });

  it("should not affect stable backend throughout circuit breaker lifecycle", async () => {
    const { gateway, unstable } = await scene.pair(breaker);
    await unstable.down();
    const { stable } = await becomes(gateway, "unstable", isOpen);
    expect([stable?.CircuitState, stable && isUp(stable)]).toEqual(["closed", true]);
    const client = await openNew(gateway);
    expect((await call(client, "call_tool", { tool_name: "fetch", parameters: {} })).isError ?? false).toBe(false);
  });
});

describe("embeddings", () => {
  it("find what words do not, each tool's text embedded once", async () => {
    const { client, embeddings } = await withEmbeddings();
    expect(namesOf(await find(client, "read the web"))).toEqual(["fetch"]);
    expect(namesOf(await find(client, "web again", ["echo"]))).toEqual(["echo", "fetch"]);
    expect(embeddings.requests.map((texts) => texts.length)).toEqual([3, 1]);
  });

  it("that are down leave the search by words, which says so, and are used again later", async () => {
    const { client, embeddings } = await withEmbeddings();
    await embeddings.down();
    const found = await find(client, "echo, or the web");
    expect(namesOf(found)).toEqual(["echo"]);
    expect(found.warning).toMatch(/^embeddings are unavailable, searched by words only: /);
    await embeddings.up();
    const { warning } = await eventually(
      () => find(client, "the web"),
      ({ tools }) => tools[0]?.name === "fetch",
    );
    expect(warning).toBeUndefined();
  });

  it("that are down fail the search while search-fallback is off", async () => {
    const { client, embeddings } = await withEmbeddings({ PROTECTIONS_OFF: "search-fallback" });
    await embeddings.down();
    const failed = await call(client, "find_tool", { tool_description: "echo" });
    expect([failed.isError, failed.content[0]?.text]).toEqual([true, expect.stringMatching(/^find_tool failed: /)]);
  });
});

it("is not offered unless it is asked for, and can be called beside the list where it is available", async () => {
  const { gateway } = await scene.pair();
  const without = await openNew(gateway);
  expect((await without.call("find_tool", { tool_description: "echo" })).message.error?.code).toBe(-32602);
  const beside = await openNew((await scene.pair({ OPTIMIZER: "available" })).gateway);
  expect((await toolsOf(beside)).sort()).toEqual(["echo", "fetch"]);
  expect(namesOf(await find(beside, "echo"))).toEqual(["echo"]);
  expect((await beside.call("fetch")).message.error).toBeUndefined();
});
