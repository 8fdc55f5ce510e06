/** Results up to 16 MiB arrive on every path: as JSON, on a stream, after an approval, after a resumption. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { click, hold } from "../testing/approvals.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient, type Reply, readReply } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";
import { ticketOf } from "../testing/slack.ts";

const scene = setScene();

/** The backend answers each tools/call with this text, or this many characters, on a stream that reports progress first. */
function answerLarge(large: number | string): void {
  scene.backend.intercept = (_request, response, body) => {
    const message = body.includes('"tools/call"') ? JSON.parse(body) : undefined;
    if (!message) return false;
    const progressToken = message.params._meta?.progressToken;
    const progress = { jsonrpc: "2.0", method: "notifications/progress", params: { progressToken, progress: 1 } };
    const result = { content: [{ type: "text", text: typeof large === "string" ? large : "x".repeat(large) }] };
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${JSON.stringify(progress)}\n\n`);
    response.end(`data: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, result })}\n\n`);
    return true;
  };
}

function lengthOf({ message }: Reply): number | undefined {
  const content = message.result?.content as { text: string }[] | undefined;
  return content?.[0]?.text.length;
}

it.each([3_900_000, 4_300_000, 8_000_000, 16_000_000])(
  "%i characters arrive with and without progress",
  async (size) => {
    const gateway = await scene.launch({ UPSTREAM_DEADLINE: "20s" });
    answerLarge(size);
    const client = await RawClient.open(gateway.mcpUrl);
    const plain = await client.call("list_items");
    expect([plain.contentType, lengthOf(plain)]).toEqual(["application/json", size]);
    const streamed = await client.call("list_items", {}, { meta: { progressToken: "p" } });
    expect([streamed.contentType, lengthOf(streamed)]).toEqual(["text/event-stream", size]);
    expect(streamed.messages[0]).toMatchObject({ method: "notifications/progress" });
  },
);

it("the result of an approved call arrives, and the call is executed once", async () => {
  const gateway = await scene.launch();
  const { reply, ticket } = await hold(scene, gateway);
  answerLarge(6_000_000);
  expect(await click(gateway, { ticket })).toMatchObject({ status: "approved" });
  expect(lengthOf(await reply)).toBe(6_000_000);
});

it("a result whose stream was cut is delivered again with Last-Event-ID", async () => {
  const gateway = await scene.launch();
  answerLarge(6_000_000);
  const client = await RawClient.open(gateway.mcpUrl);
  const params = { name: "list_items", arguments: {}, _meta: { progressToken: "p" } };
  const cut = new AbortController();
  const first = await client.fetch(
    JSON.stringify({ jsonrpc: "2.0", id: "big", method: "tools/call", params }),
    {},
    {
      signal: cut.signal,
    },
  );
  let seen = "";
  for await (const piece of first.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += piece;
    if (seen.length > 1_000_000) break;
  }
  cut.abort();
  const ids = [...seen.matchAll(/^id: (\w+)$/gm)].map((match) => match[1]);
  // The last id belongs to the event that did not arrive completely.
  const again = await readReply(await client.get({ "last-event-id": ids.at(-2) ?? "" }));
  expect([again.message.id, lengthOf(again)]).toEqual(["big", 6_000_000]);
});

describe("a client that reads slowly", () => {
  /** The gateway's limit for a reply, without what is around the text. No two slices of it are the same. */
  const numbers = Array.from({ length: 2 * 1024 * 1024 - 128 }, (_, index) => index.toString().padStart(8, "0"));
  const LARGEST = numbers.join("");
  const textIn = ({ message }: Reply) => (message.result?.content as { text: string }[] | undefined)?.[0]?.text;

  /** Reads 256 KiB each 20 ms, 12 MiB/s at the most, up to this many bytes. */
  async function readSlowly(response: Response, bytes = Number.POSITIVE_INFINITY): Promise<string> {
    const decoder = new TextDecoder();
    let text = "";
    let sincePause = 0;
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      if (text.length >= bytes) break;
      sincePause += piece.length;
      if (sincePause < 256 * 1024) continue;
      sincePause = 0;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return text;
  }

  it("and loses its stream gets by Last-Event-ID all of the result of an approved call, which is executed once", async () => {
    const gateway = await scene.launch({ UPSTREAM_DEADLINE: "20s" });
    let executed = 0;
    answerLarge(LARGEST);
    const answer = scene.backend.intercept;
    scene.backend.intercept = (request, response, body) => {
      const isAnswered = answer?.(request, response, body) ?? false;
      if (isAnswered) executed += 1;
      return isAnswered;
    };
    const client = await RawClient.open(gateway.mcpUrl);
    const params = { name: "create_item", arguments: {} };
    const body = JSON.stringify({ jsonrpc: "2.0", id: "big", method: "tools/call", params });
    const cut = new AbortController();
    const first = await client.fetch(body, {}, { signal: cut.signal });
    const [question] = await eventually(
      () => scene.slack.requests,
      (seen) => seen.length > 0,
    );
    expect(await click(gateway, { ticket: ticketOf(question) })).toMatchObject({ status: "approved" });
    const seen = await readSlowly(first, 2 * 1024 * 1024);
    cut.abort();
    expect(seen).toContain("\nid: s1_1\n");
    // Event 1 is the result, which has arrived in part.
    const resumed = await client.get({ "last-event-id": "s1_0" });
    const again = await readReply(new Response(await readSlowly(resumed), { headers: resumed.headers }));
    expect(again.message.id).toBe("big");
    expect(textIn(again) === LARGEST).toBe(true);
    expect(executed).toBe(1);
    expect(await scene.callsOf(client.sessionId)).toMatchObject([{ outcome: "ok" }]);
  });
});

it("the official client receives it too", async () => {
  const gateway = await scene.launch();
  answerLarge(6_000_000);
  const client = new Client({ name: "test", version: "1.0.0" });
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl)) as Transport);
  onTestFinished(() => client.close());
  const result = await client.callTool({ name: "list_items" }, undefined, { onprogress: () => {} });
  expect((result.content as { text: string }[])[0]?.text).toHaveLength(6_000_000);
});
