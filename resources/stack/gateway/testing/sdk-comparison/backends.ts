/** Backends as others write them: event streams, JSON answers, HTTP's own freedoms, revisions and addresses. */
import { gzipSync } from "node:zlib";
import { type Answer, about, type BackendInput, json, ok, response } from "./scripted-backend.ts";

const events = { "content-type": "text/event-stream" };
const message = (text: string): string => `data: ${text}\n\n`;
const stream = (what: string, body: string, more: Answer = {}): BackendInput => ({
  what: `a stream with ${what}`,
  call: [{ headers: events, body, ...more }],
});
const resumed = (what: string, ...call: Answer[]): BackendInput => ({
  what: `a stream ${what}`,
  call: call.map((answer) => ({ headers: events, ...answer })),
});
const notification = (method: string, params: string): string =>
  message(`{"jsonrpc":"2.0","method":"${method}","params":${params}}`);
const progress = (value: number, token = "TOKEN"): string =>
  notification("notifications/progress", `{"progressToken":${token},"progress":${value}}`);
const ask = (method: string): string => message(`{"jsonrpc":"2.0","id":77,"method":"${method}"}`);
const half = Math.floor(ok.length / 2);

const streams: BackendInput[] = [
  stream("one event", message(ok)),
  stream("a named event", `event: message\n${message(ok)}`),
  stream("lines that end with CRLF", `event: message\r\ndata: ${ok}\r\n\r\n`),
  stream("lines that end with CR", `event: message\rdata: ${ok}\r\r: end\r`),
  stream("CR at its very end", `data: ${ok}\r\r`),
  stream("a byte order mark", `\ufeff${message(ok)}`),
  stream("events of another type first", `event: ping\ndata: ping\n\n${message(ok)}`),
  stream("the response as an event of another type", `event: response\n${message(ok)}`),
  stream("comments", `: hello\n\n:\n${message(ok)}`),
  stream("fields that do not exist", `topic: x\n${message(ok)}`),
  stream("the response on two lines", `data: ${ok.replace(',"id"', ',\ndata: "id"')}\n\n`),
  stream("no space after the colon", `data:${ok}\n\n`),
  stream("an event without data first", `id: 1\nretry: 5\ndata:\n\n${message(ok)}`),
  stream("an event that no empty line ends", `data: ${ok}\n`),
  stream("an event of nothing", `data\n\n${message(ok)}`),
  stream("an event that is no JSON first", message("hello") + message(ok)),
  stream("an event that is no message first", message("7") + message(ok)),
  stream("an event of another jsonrpc first", message('{"jsonrpc":"1.0","id":ID,"result":{}}') + message(ok)),
  stream("a response to another request first", message('{"jsonrpc":"2.0","id":"other","result":{}}') + message(ok)),
  stream("the response in an array", message(`[${ok}]`)),
  stream("a log message first", notification("notifications/message", '{"level":"info","data":"x"}') + message(ok)),
  stream("a notification of tomorrow", notification("notifications/of_tomorrow", "{}") + message(ok)),
  stream("progress", progress(1) + progress(2) + message(ok)),
  stream("progress of another request", progress(1, '"other"') + message(ok)),
  stream("a ping from the server", ask("ping"), { afterAnswer: message(ok) }),
  stream("a request that the client does not know", ask("of/tomorrow"), { afterAnswer: message(ok) }),
  stream("the response twice", message(ok) + message(ok)),
  stream("an error", message('{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"no"}}')),
  stream("an error without a message", message('{"jsonrpc":"2.0","id":ID,"error":{"code":-32602}}')),
  stream("a result and an error", message('{"jsonrpc":"2.0","id":ID,"result":{},"error":{"code":1,"message":"x"}}')),
  stream("a result that is null", message(response("null"))),
  stream("a result that is a number", message(response("7"))),
  stream("a response with a field more", message(ok.replace("{", '{"took":5,'))),
  stream("a response with a __proto__", message(response('{"content":[{"text":"ok"}],"__proto__":{"x":1}}'))),
  stream("nothing", ""),
  stream("a comment alone", ": bye\n\n"),
  stream("pieces that cut a character in two", message(response('{"content":[{"text":"é日😀"}]}')), { bytewise: true }),
  stream("an event of 2 MB", message(response(`{"content":[{"text":"ok"}],"x":"${"y".repeat(2_000_000)}"}`))),
  stream("U+2028 in its JSON", message(response('{"content":[{"text":"a\u2028b"}]}'))),
  stream("charset=utf-8 in its type", message(ok), { headers: { "content-type": "text/event-stream; charset=utf-8" } }),
  stream("its type in upper case", message(ok), { headers: { "content-type": "TEXT/EVENT-STREAM" } }),
  stream("status 201", message(ok), { status: 201 }),
  stream("status 400", message(ok), { status: 400 }),
  stream("a type that only begins alike", message(ok), { headers: { "content-type": "text/event-streams" } }),
  resumed("that is ended to be resumed", { body: "id: 1\nretry: 5\ndata:\n\n" }, { body: `id: 2\n${message(ok)}` }),
  resumed(
    "that is resumed twice",
    { body: "id: 1\nretry: 5\ndata:\n\n" },
    { body: "id: 2\ndata:\n\n" },
    { body: message(ok) },
  ),
  resumed("that ends after progress", { body: `id: 1\nretry: 5\n${progress(1)}` }, { body: progress(2) + message(ok) }),
  resumed("that is cut after an id", { body: "id: 1\nretry: 5\ndata:\n\n", cut: true }, { body: message(ok) }),
  resumed(
    "that is cut in an event",
    { body: `id: 1\nretry: 5\ndata:\n\n${message(ok).slice(0, half)}`, cut: true },
    { body: message(ok) },
  ),
  resumed("that is cut without an id", { body: ": hello\n\n", cut: true }),
  resumed("that cannot be resumed", { body: "id: 1\nretry: 5\ndata:\n\n" }, { status: 400 }, { status: 400 }),
];

const answer = (what: string, headers: Record<string, string>, body = ok, more: Answer = {}): BackendInput => ({
  what: `an answer ${what}`,
  call: [{ headers, body, ...more }],
});

const answers: BackendInput[] = [
  answer("in JSON", json),
  ...["application/json; charset=utf-8", "application/json;", "APPLICATION/JSON"].map((type) =>
    answer(`of type ${type}`, { "content-type": type }),
  ),
  answer("without a type", {}),
  answer("of type text/plain", { "content-type": "text/plain" }),
  answer("in HTML", { "content-type": "text/html" }, "<h1>It works</h1>"),
  answer("with a byte order mark", json, `\ufeff${ok}`),
  answer("with spaces around it", json, `\n  ${ok}\r\n`),
  answer("in an array", json, `[${ok}]`),
  answer("in an array with a notification", json, `[{"jsonrpc":"2.0","method":"notifications/x"},${ok}]`),
  answer("that is an empty array", json, "[]"),
  answer("that is empty", json, ""),
  answer("that is cut short", json, ok.slice(0, half)),
  answer("to another request", json, ok.replace("ID", '"other"')),
  answer("that is an error", json, '{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"no","data":{"x":1}}}'),
  answer("with status 201", json, ok, { status: 201 }),
  answer("with status 202", json, ok, { status: 202 }),
  answer("with status 204", {}, "", { status: 204 }),
  answer("with status 400 and an error", json, '{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"no"}}', {
    status: 400,
  }),
  answer("with status 500", json, "", { status: 500 }),
  answer("with bytes that are not UTF-8", json, response('{"content":[{"text":"\u00ff"}]}'), {
    encode: (text) => Buffer.from(text, "latin1"),
  }),
  answer("in gzip", { ...json, "content-encoding": "gzip" }, ok, { encode: (text) => gzipSync(text) }),
  { what: "a session that is lost", initialize: sessions(2), call: [{ status: 404 }, { headers: json, body: ok }] },
];

function sessions(count: number): Answer[] {
  return Array.from({ length: count }, (_, index) => ({
    headers: { ...json, "mcp-session-id": `s${index}` },
    body: response(about()),
  }));
}

const raw = (what: string, text: string): BackendInput => ({ what: `HTTP with ${what}`, call: [{ raw: text }] });

const framings: BackendInput[] = [
  raw("a body up to the end of the connection", `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${ok}`),
  raw("version 1.0", `HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n${ok}`),
  raw("no reason phrase", `HTTP/1.1 200\r\ncontent-type: application/json\r\n\r\n${ok}`),
  raw(
    "an early hint",
    `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${ok}`,
  ),
  raw(
    "100 Continue first",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n${ok}`,
  ),
  raw("lines that end with LF", `HTTP/1.1 200 OK\ncontent-type: application/json\n\n${ok}`),
  raw("a space before a colon", `HTTP/1.1 200 OK\r\ncontent-type : application/json\r\n\r\n${ok}`),
  raw("a folded header", `HTTP/1.1 200 OK\r\nx-note: a\r\n b\r\ncontent-type: application/json\r\n\r\n${ok}`),
  raw("bytes above ASCII in a header", `HTTP/1.1 200 OK\r\nx-note: é\r\ncontent-type: application/json\r\n\r\n${ok}`),
  raw("an empty header", `HTTP/1.1 200 OK\r\nx-note:\r\ncontent-type: application/json\r\n\r\n${ok}`),
  raw(
    "Content-Length and chunks",
    `HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
  ),
  raw(
    "a length above what comes",
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5000\r\n\r\n${ok}`,
  ),
  raw(
    "a chunk without a size",
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nx\r\n`,
  ),
  raw("another protocol", "SSH-2.0-OpenSSH_9.6\r\n"),
  raw(
    "a stream up to the end of the connection",
    `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n${message(ok)}`,
  ),
];

const initialized = (what: string, ...initialize: Answer[]): BackendInput => ({
  what: `initialize ${what}`,
  initialize,
});
const redirect = (status: number, location: string): BackendInput => ({
  ...initialized(`redirected by ${status} to ${location}`, { status, headers: { location } }, ...sessions(1)),
  target: "any target",
});

const revisions: BackendInput[] = [
  ...["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07", "2026-07-28", "1999-01-01"].map((version) =>
    initialized(`answered with ${version}`, { headers: json, body: response(about(version)) }),
  ),
  initialized("answered without a version", { headers: json, body: response(about(null)) }),
  initialized("answered without capabilities", {
    headers: json,
    body: response('{"protocolVersion":"2025-11-25","serverInfo":{"name":"b","version":"1"}}'),
  }),
  initialized("answered without serverInfo", {
    headers: json,
    body: response('{"protocolVersion":"2025-11-25","capabilities":{}}'),
  }),
  initialized("answered with instructions", {
    headers: json,
    body: response(about().replace("{", '{"instructions":"be brief",')),
  }),
  initialized("answered with an error", {
    headers: json,
    body: '{"jsonrpc":"2.0","id":ID,"error":{"code":-32602,"message":"no"}}',
  }),
  initialized("answered 400", { status: 400 }),
  initialized("with an empty session id", { headers: { ...json, "mcp-session-id": "" }, body: response(about()) }),
  initialized("in an array", { headers: json, body: `[${response(about())}]` }),
  initialized("as a stream", { headers: events, body: message(response(about())) }),
  initialized("as a stream after an event without data", {
    headers: events,
    body: `id: 1\ndata:\n\n${message(response(about()))}`,
  }),
  initialized("as a stream after a log message", {
    headers: events,
    body: notification("notifications/message", '{"level":"info","data":"x"}') + message(response(about())),
  }),
  {
    ...initialized("as a stream with a ping first", {
      headers: { ...events, "mcp-session-id": "s1" },
      body: ask("ping"),
      afterAnswer: message(response(about())),
    }),
  },
  initialized(
    "as a stream that is resumed",
    { headers: { ...events, "mcp-session-id": "s1" }, body: "id: 1\nretry: 5\ndata:\n\n" },
    { headers: events, body: message(response(about())) },
  ),
  ...[200, 204].map((status) => ({ what: `initialized answered ${status}`, initialized: { status } })),
  ...[400, 404, 405, 500].map((status) => ({
    what: `initialized answered ${status}`,
    initialized: { status },
    call: [],
  })),
];

const addresses: BackendInput[] = [
  ...[301, 302, 303, 307, 308].map((status) => redirect(status, "/mcp/")),
  redirect(307, "http://elsewhere.invalid/mcp"),
  redirect(307, ""),
  {
    what: "redirected for ever",
    target: "any target",
    initialize: Array.from({ length: 6 }, () => ({ status: 307, headers: { location: "/again" } })),
  },
  { what: "an address without a path", url: "http://localhost:PORT", target: "/" },
  { what: "an address with a slash at its end", url: "http://localhost:PORT/mcp/", target: "/mcp/" },
  { what: "an address with a query", url: "http://localhost:PORT/mcp?key=a%20b&x", target: "/mcp?key=a%20b&x" },
  { what: "an address with a space", url: "http://localhost:PORT/my mcp", target: "/my%20mcp" },
  { what: "an address with %2F", url: "http://localhost:PORT/a%2Fb/mcp", target: "/a%2Fb/mcp" },
  { what: "an address with a fragment", url: "http://localhost:PORT/mcp#part" },
  { what: "an address in upper case", url: "HTTP://LOCALHOST:PORT/mcp" },
  { what: "an address with a name and a password", url: "http://ann:secret@localhost:PORT/mcp" },
];

export const backends: readonly BackendInput[] = [...streams, ...answers, ...framings, ...revisions, ...addresses];
