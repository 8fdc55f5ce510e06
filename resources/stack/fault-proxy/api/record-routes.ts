/** Routes that read and follow what the proxy records: hits, and exchanges on the wire. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { limits } from "../limits.ts";
import type { Numbered, RecordLog } from "../record-log.ts";
import { Refusal } from "../registry.ts";
import type { WireCall } from "../wire/wire-call.ts";
import type { WireTap } from "../wire/wire-tap.ts";

/** Interval of heartbeat lines, so that both ends detect a lost connection. */
const heartbeatMs = 10_000;
/** Exchanges are written together, since a write of each would cost more than all that is read of it. */
const wireBatchMs = 50;

/** `?since=N&limit=M`: `{"<name>":[...],"next":N,"dropped":n}` */
export function answerRecords(
  name: "hits" | "calls",
  log: RecordLog<object>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const since = readNumber(request, "since", 0, Number.MAX_SAFE_INTEGER);
  const limit = readNumber(request, "limit", limits.recordsPerAnswer, limits.hits);
  const { entries, next, dropped } = log.since(since, limit);
  const text = JSON.stringify({ [name]: entries, next, dropped });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) }).end(text);
}

interface FollowOptions<Entry> {
  /** What a line has of an entry. */
  shown?: (entry: Numbered<Entry>) => object;
  /** Entries wait so long at most for those after them. */
  batchMs?: number;
}

/**
 * `?since=N` (default: from now on): one JSON object per line: a record; `{"dropped":n}` if n were skipped because they had
 * left the record, could not be kept, or this reader is too slow; or `{"heartbeat":<epoch ms>}`. The header `X-Last` has the
 * number of the last record so far.
 */
export function followRecords<Entry extends object>(
  log: RecordLog<Entry>,
  request: IncomingMessage,
  response: ServerResponse,
  { shown = (entry) => entry, batchMs = 0 }: FollowOptions<Entry> = {},
): void {
  const since = readNumber(request, "since", log.last, Number.MAX_SAFE_INTEGER);
  if (log.followers >= limits.followers) throw new Refusal(503, `too many followers: at most ${limits.followers}`);
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store", "x-last": log.last });
  response.flushHeaders();
  let sent = Math.min(since, log.last);
  const catchUp = (): void => {
    while (sent < log.last && response.writableLength < limits.followerBytes) {
      const { dropped, entries, next } = log.since(sent);
      const lines = [...(dropped > 0 ? [{ dropped }] : []), ...entries.map(shown)].map((line) => JSON.stringify(line));
      response.write(`${lines.join("\n")}\n`);
      sent = next;
    }
  };
  let batch: NodeJS.Timeout | undefined;
  const wake = (): void => {
    if (batchMs === 0) catchUp();
    else {
      batch ??= setTimeout(() => {
        batch = undefined;
        catchUp();
      }, batchMs);
    }
  };
  const end = (): void => {
    catchUp();
    response.end();
  };
  const unfollow = log.follow({ wake, end });
  const heartbeat = setInterval(() => response.write(`{"heartbeat":${Date.now()}}\n`), heartbeatMs);
  response.on("drain", catchUp);
  response.on("close", () => {
    clearInterval(heartbeat);
    clearTimeout(batch);
    unfollow();
  });
  catchUp();
}

/** `GET /wire`: all exchanges on which something came so far, also those that are open; read at once. */
export async function answerWire(wire: WireTap, request: IncomingMessage, response: ServerResponse): Promise<void> {
  await wire.settle();
  answerRecords("calls", wire.calls, request, response);
}

/** `GET /wire/stream?bodies=LINK`: exchanges are read while someone follows them; with their bodies on the links named. */
export function followWire(wire: WireTap, request: IncomingMessage, response: ServerResponse): void {
  const bodiesOf = queryOf(request).getAll("bodies");
  const shown = (call: Numbered<WireCall>): object => {
    if (call.requestBody === undefined || bodiesOf.includes(call.link)) return call;
    const { requestBody: _request, replyBody: _reply, ...rest } = call;
    return rest;
  };
  followRecords(wire.calls, request, response, { shown, batchMs: wireBatchMs });
  response.on("close", wire.listen(bodiesOf));
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? "").split("?")[1] ?? "");
}

function readNumber(request: IncomingMessage, name: string, fallback: number, max: number): number {
  const text = queryOf(request).get(name);
  if (text === null) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  throw new Refusal(400, `${name} must be a whole number from 0 to ${max}`);
}
