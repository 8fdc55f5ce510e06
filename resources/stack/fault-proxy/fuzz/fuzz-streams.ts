/** Mutated HTTP and MCP streams through a link with armed faults: no input may stop the proxy. */
import { Chance, exchange, FuzzFailure, notStuck, openStack } from "./fuzz-run.ts";

/** All of them end by themselves, within a case's time limit. */
const toxics: readonly Record<string, unknown>[] = [
  { type: "http_status", attributes: { status: 503 }, match: { probability: 0.3 } },
  { type: "http_delay", attributes: { delay: 2, jitter: 2 } },
  { type: "http_delay", attributes: { delay: 2, side: "request" } },
  { type: "mcp_error", match: { probability: 0.3 } },
  { type: "malformed" },
  { type: "malformed", attributes: { kind: "http" } },
  { type: "truncated" },
  { type: "session_lost", attributes: { sessions: "any" }, match: { probability: 0.3 } },
  { type: "session_rotated" },
  { type: "stream_cut", attributes: { after_events: 1 } },
  { type: "stream_stalled", attributes: { after_events: 1 }, expires_ms: 20 },
  { type: "stream_duplicated" },
  { type: "stream_split", attributes: { delay: 1 } },
  { type: "event_ids_skipped" },
  { type: "get_stream_refused" },
  { type: "reply_lost", match: { probability: 0.3 } },
  { type: "request_lost", match: { probability: 0.3 } },
  { type: "tools_changed", attributes: { remove: ["a"], describe: "x" } },
  { type: "latency", attributes: { latency: 1, jitter: 1 } },
  { type: "slicer", attributes: { average_size: 20, size_variation: 10 } },
  { type: "slicer", stream: "upstream", attributes: { average_size: 7, size_variation: 7 } },
  { type: "limit_data", attributes: { bytes: 200 } },
  { type: "bandwidth", attributes: { rate: 500 } },
  { type: "reset_peer", attributes: { timeout: 1 }, toxicity: 0.3 },
  { type: "slow_close", attributes: { delay: 1 } },
];

const bodies = [
  '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
  '{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"grün","_meta":{"traceparent":"x"}}}',
  '[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"n"}]',
  '{"jsonrpc":"2.0","id":0,"method":"initialize"}',
  "{}",
  "null",
  "not json",
];

const casesAtOnce = 20;

/** Throws FuzzFailure with the data to reproduce the case. */
export async function fuzzStreams(seed: number, count: number): Promise<void> {
  const stack = await openStack(seed);
  try {
    for (let from = 0; from < count; from += casesAtOnce) {
      const chance = new Chance(seed + from);
      try {
        await arm(stack.apiUrl, chance);
        const cases = Array.from({ length: Math.min(casesAtOnce, count - from) }, () => mutatedStream(chance));
        const rearming = chance.happens(0.5) ? arm(stack.apiUrl, chance) : undefined;
        const work = cases.map((pieces) => exchange(stack.linkPort, pieces, 100));
        await notStuck(Promise.all([...work, rearming]), "the link");
        if ((from / casesAtOnce) % 10 === 9) await stack.checkWell();
      } catch (error) {
        throw new FuzzFailure(`stream cases from ${from} of seed ${seed}: ${String(error)}`);
      }
    }
    await stack.checkWell();
  } finally {
    await stack.close();
  }
}

async function arm(apiUrl: string, chance: Chance): Promise<void> {
  await (await fetch(`${apiUrl}/reset`, { method: "POST" })).text();
  for (let left = 1 + chance.below(4); left > 0; left -= 1) {
    const body = JSON.stringify({ name: `t${left}`, ...chance.pick(toxics) });
    const reply = await fetch(`${apiUrl}/proxies/link/toxics`, { method: "POST", body });
    await reply.text();
    // 409: an earlier case is still arming; its toxics can be used too.
    if (reply.status !== 200 && reply.status !== 409) throw new FuzzFailure(`arming answered ${reply.status}: ${body}`);
  }
}

function mutatedStream(chance: Chance): Buffer[] {
  let text = "";
  for (let left = 1 + chance.below(3); left > 0; left -= 1) text += requestText(chance, left === 1);
  const bytes = Buffer.from(text);
  if (chance.happens(0.7)) mutate(chance, bytes);
  const end = chance.happens(0.2) ? chance.below(bytes.length) : bytes.length;
  return cut(chance, bytes.subarray(0, end));
}

function requestText(chance: Chance, isLast: boolean): string {
  const body = chance.pick(bodies);
  const method = chance.pick(["POST", "POST", "POST", "GET", "DELETE", "HEAD", "OPTIONS"]);
  const lines = [`${method} /mcp HTTP/1.${chance.happens(0.9) ? 1 : 0}`, "Host: x"];
  lines.push(`Accept: application/json${chance.happens(0.5) ? ", text/event-stream" : ""}`, "Accept-Encoding: gzip");
  if (chance.happens(0.5)) lines.push("Mcp-Session-Id: s");
  if (chance.happens(0.1)) lines.push("Expect: 100-continue");
  if (isLast && chance.happens(0.7)) lines.push("Connection: close");
  if (method === "GET" || method === "HEAD") return `${lines.join("\r\n")}\r\n\r\n`;
  lines.push("Content-Type: application/json");
  if (chance.happens(0.5)) return `${lines.join("\r\n")}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const size = Buffer.byteLength(body).toString(16);
  return `${lines.join("\r\n")}\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n${body}\r\n0\r\n\r\n`;
}

function mutate(chance: Chance, bytes: Buffer): void {
  for (let left = 1 + chance.below(4); left > 0; left -= 1) {
    const at = chance.below(bytes.length);
    if (chance.happens(0.5)) bytes[at] = chance.below(256);
    else bytes.copyWithin(at, chance.below(bytes.length), bytes.length);
  }
}

function cut(chance: Chance, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = chance.happens(0.5) ? bytes.length : 1 + chance.below(40);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
