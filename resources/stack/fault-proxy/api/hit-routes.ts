/** Routes that read and follow the record of hits. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Hit } from "../hits.ts";
import { limits } from "../limits.ts";
import { Refusal, type Registry } from "../registry.ts";

/** Interval of heartbeat lines, so that both ends detect a lost connection. */
const heartbeatMs = 10_000;

/** `GET /hits?since=N&limit=M` */
export function answerHits(registry: Registry, request: IncomingMessage, response: ServerResponse): void {
  const since = readNumber(request, "since", 0, Number.MAX_SAFE_INTEGER);
  const limit = readNumber(request, "limit", limits.hitsPerAnswer, limits.hits);
  const text = JSON.stringify(registry.hits.since(since, limit));
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

/**
 * `GET /hits/stream?since=N` (default: from now on): one JSON object per line: a hit; `{"dropped":n}` if n hits were skipped
 * because they had left the record or this reader is too slow; or `{"heartbeat":<epoch ms>}`.
 */
export function followHits(registry: Registry, request: IncomingMessage, response: ServerResponse): void {
  const { hits } = registry;
  const since = readNumber(request, "since", hits.last, Number.MAX_SAFE_INTEGER);
  if (hits.followers >= limits.hitFollowers)
    throw new Refusal(503, `too many followers: at most ${limits.hitFollowers}`);
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  response.flushHeaders();
  let sent = Math.min(since, hits.last);
  const write = (value: unknown): void => void response.write(`${JSON.stringify(value)}\n`);
  const catchUp = (): void => {
    while (sent < hits.last && response.writableLength < limits.hitFollowerBytes) {
      const page = hits.since(sent);
      if (page.dropped > 0) write({ dropped: page.dropped });
      for (const hit of page.hits) write(hit);
      sent = page.next;
    }
  };
  const unfollow = hits.follow({
    take(hit: Hit) {
      if (hit.seq !== sent + 1 || response.writableLength >= limits.hitFollowerBytes) return;
      write(hit);
      sent = hit.seq;
    },
    end: () => void response.end(),
  });
  const heartbeat = setInterval(() => write({ heartbeat: Date.now() }), heartbeatMs);
  response.on("drain", catchUp);
  response.on("close", () => {
    clearInterval(heartbeat);
    unfollow();
  });
  catchUp();
}

function readNumber(request: IncomingMessage, name: string, fallback: number, max: number): number {
  const query = (request.url ?? "").split("?")[1] ?? "";
  const text = new URLSearchParams(query).get(name);
  if (text === null) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new Refusal(400, `${name} must be a whole number from 0 to ${max}`);
}
