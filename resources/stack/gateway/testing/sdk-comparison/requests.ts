/** HTTP requests as clients of all kinds, and careless ones, send them. */
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { initializeBody, type RequestInput } from "./send-request.ts";

const request = (method: string, params?: unknown, id: unknown = 7): string =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });
const notification = (method: string, params?: unknown): string => JSON.stringify({ jsonrpc: "2.0", method, params });
const ping = request("ping");
const echo = (toolArguments: unknown): string => request("tools/call", { name: "echo", arguments: toolArguments });
const withId = (id: string): RequestInput => ({
  what: `id ${id}`,
  body: `{"jsonrpc":"2.0","id":${id},"method":"ping"}`,
});
const withBody = (body: string): RequestInput => ({ what: `body ${JSON.stringify(body)}`, body });
const withType = (type: string | undefined): RequestInput => ({
  what: `Content-Type ${type}`,
  headers: { "content-type": type },
  body: ping,
});
const withAccept = (accept: string | undefined): RequestInput => ({
  what: `Accept ${accept}`,
  headers: { accept },
  body: ping,
});
const inRevision = (version: string): RequestInput => ({
  what: `MCP-Protocol-Version ${version}`,
  headers: { "mcp-protocol-version": version },
  body: ping,
});
const initialize = (what: string, params: Record<string, unknown>): RequestInput => ({
  what: `initialize ${what}`,
  session: "none",
  body: initializeBody(params),
});

const revisions = ["2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"];

const paths: RequestInput[] = [
  { what: "path /mcp", body: ping },
  { what: "path /mcp/", path: "/mcp/", body: ping },
  { what: "path /mcp with a query", path: "/mcp?session=1", body: ping },
  { what: "an absolute URL as target", path: "http://127.0.0.1:PORT/mcp", body: ping },
  { what: "initialize at /mcp/", path: "/mcp/", session: "none", body: initializeBody() },
];

const initializations: RequestInput[] = [
  ...revisions.map((protocolVersion) => initialize(`of ${protocolVersion}`, { protocolVersion })),
  initialize("of 1999-01-01", { protocolVersion: "1999-01-01" }),
  initialize("of a number as version", { protocolVersion: 2025 }),
  initialize("without a version", { protocolVersion: undefined }),
  initialize("without clientInfo", { clientInfo: undefined }),
  initialize("without capabilities", { capabilities: undefined }),
  initialize("of a client without a name", { clientInfo: { version: "1" } }),
  initialize("with unknown params", { locale: "de", _meta: { progressToken: 1 } }),
  initialize("with unknown capabilities", { capabilities: { experimental: { x: {} }, tasks: {} } }),
  {
    ...initialize("with an unsupported version in the header", {}),
    headers: { "mcp-protocol-version": "2099-01-01" },
  },
  { ...initialize("with its version in the header", {}), headers: { "mcp-protocol-version": "2025-11-25" } },
  { ...initialize("with the id of a session that is unknown", {}), headers: { "mcp-session-id": "unknown" } },
  { what: "initialize in an open session", body: initializeBody() },
  { what: "initialize as a notification", session: "none", body: notification("initialize", {}) },
  {
    what: "initialize alone in a batch",
    session: "none",
    body: `[${initializeBody({ protocolVersion: "2025-03-26" })}]`,
  },
  { what: "server/discover of 2026-07-28", session: "none", body: request("server/discover", {}) },
];

const ids: RequestInput[] = [
  ...["0", "-1", "1.5", "1e3", '""', '"x"', '"9007199254740993"', "9007199254740991", "9007199254740992"].map(withId),
  ...["9007199254740993", "1e400", "null", "{}", "true", '"é\\u0000"'].map(withId),
];

const messages: RequestInput[] = [
  ...["", " ", "{", "7", "null", '"text"', "{}"].map(withBody),
  withBody('{"jsonrpc":"1.0","id":1,"method":"ping"}'),
  withBody('{"id":1,"method":"ping"}'),
  withBody('{"jsonrpc":"2.0","id":1}'),
  withBody('{"jsonrpc":"2.0","id":1,"method":7}'),
  withBody('{"jsonrpc":"2.0","id":1,"method":""}'),
  withBody('{"jsonrpc":"2.0","id":1,"method":"ping","params":null}'),
  withBody('{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}'),
  withBody('{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}'),
  withBody('{"jsonrpc":"2.0","id":1,"method":"ping","trace":"x"}'),
  withBody('{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}'),
  withBody('\n\t{"jsonrpc":"2.0","id":1,"method":"ping"}\r\n'),
  withBody('{"jsonrpc":"2.0","id":1,"method":"ping"}{"jsonrpc":"2.0","id":2,"method":"ping"}'),
  { what: "ping with _meta", body: request("ping", { _meta: { progressToken: "p" } }) },
  { what: "an unknown method", body: request("foo/bar") },
  { what: "a method of no offered capability", body: request("resources/list") },
  { what: "tools/call", body: echo({ n: 1 }) },
  { what: "tools/call without arguments", body: request("tools/call", { name: "echo" }) },
  { what: "tools/call with null as arguments", body: request("tools/call", { name: "echo", arguments: null }) },
  { what: "tools/call with a list as arguments", body: request("tools/call", { name: "echo", arguments: [1] }) },
  { what: "tools/call without params", body: request("tools/call") },
  { what: "tools/call of an unknown tool", body: request("tools/call", { name: "no_such_tool" }) },
  { what: "tools/call with half an emoji", body: `${echo({ s: "" }).replace('"s":""', '"s":"\\ud83d"')}` },
  { what: "tools/call with __proto__", body: `${echo({ s: "" }).replace('"s":""', '"__proto__":{"x":1}')}` },
  { what: "tools/call with a number above 2^53", body: `${echo({ n: 0 }).replace('"n":0', '"n":9007199254740993')}` },
  { what: "tools/list with an unknown cursor", body: request("tools/list", { cursor: "x" }) },
  { what: "a notification", body: notification("notifications/initialized") },
  { what: "an unknown notification", body: notification("notifications/of_tomorrow", { x: 1 }) },
  { what: "a cancellation of nothing", body: notification("notifications/cancelled", { requestId: 99 }) },
  { what: "a cancellation without a request", body: notification("notifications/cancelled") },
  { what: "a response to no request", body: '{"jsonrpc":"2.0","id":9,"result":{}}' },
  { what: "an error to no request", body: '{"jsonrpc":"2.0","id":9,"error":{"code":-1,"message":"x"}}' },
  { what: "a response without an id", body: '{"jsonrpc":"2.0","result":{}}' },
  { what: "a result that is null", body: '{"jsonrpc":"2.0","id":9,"result":null}' },
];

const batch = (what: string, revision: string, ...members: string[]): RequestInput => ({
  what: `a batch ${what} in ${revision}`,
  revision,
  headers: { "mcp-protocol-version": revision },
  body: `[${members}]`,
});

const batches: RequestInput[] = [
  batch("of two", "2025-03-26", ping, request("tools/list/no", {}, "b")),
  batch("of one", "2025-03-26", ping),
  batch("of 60", "2025-03-26", ...Array.from({ length: 60 }, (_, id) => request("ping", {}, id))),
  batch("of 101", "2025-03-26", ...Array.from({ length: 101 }, (_, id) => request("ping", {}, id))),
  batch("of notifications", "2025-03-26", notification("notifications/initialized")),
  batch("of a request and a notification", "2025-03-26", ping, notification("notifications/initialized")),
  batch("of nothing", "2025-03-26"),
  batch("with an invalid member", "2025-03-26", ping, "7"),
  batch("of two", "2025-06-18", ping, request("ping", {}, 8)),
];

const zipped = (encoding: string, body: Buffer): RequestInput => ({
  what: `Content-Encoding ${encoding}`,
  headers: { "content-encoding": encoding },
  body,
});
const charset = (name: string, body: Buffer): RequestInput => ({
  what: `charset ${name}`,
  headers: { "content-type": `application/json; charset=${name}` },
  body,
});

const bodies: RequestInput[] = [
  ...["application/json; charset=utf-8", 'application/json;charset="UTF-8"', "application/json;"].map(withType),
  ...["APPLICATION/JSON", "application/json; charset=", "application/json; v=1; x=y"].map(withType),
  ...[undefined, "", "text/plain", "application/vnd.api+json", "application/jsonp", "text/json"].map(withType),
  ...["application/json, text/plain", "text/plain; a=application/json", "application/x-www-form-urlencoded"].map(
    withType,
  ),
  charset("latin1", Buffer.from(ping)),
  charset("utf-16le", Buffer.from(ping, "utf16le")),
  { what: "a byte order mark", body: `\ufeff${ping}` },
  { what: "a byte order mark twice", body: `\ufeff\ufeff${ping}` },
  { what: "bytes that are not UTF-8", body: Buffer.from(echo({ s: "\u00ff" }), "latin1") },
  zipped("identity", Buffer.from(ping)),
  zipped("gzip", gzipSync(ping)),
  zipped("deflate", deflateSync(ping)),
  zipped("br", brotliCompressSync(ping)),
  { ...zipped("gzip", Buffer.from(ping)), what: "Content-Encoding gzip of a body that is not" },
  zipped("unknown", Buffer.from(ping)),
  { what: "a body in chunks", headers: { "transfer-encoding": "chunked" }, body: ping },
  { ...zipped("gzip", gzipSync(request("ping", { x: "y".repeat(90_000) }))), what: "a body of 90 KB in gzip" },
  { what: "a body of 300 KB", body: request("ping", { x: "y".repeat(300_000) }) },
  { what: "a body of 3 MB", body: request("ping", { x: "y".repeat(3_000_000) }) },
  { what: "a body of 5 MB", body: request("ping", { x: "y".repeat(5_000_000) }) },
  { ...zipped("gzip", gzipSync(request("ping", { x: "y".repeat(5_000_000) }))), what: "a body of 5 MB in gzip" },
  {
    what: "a body nested 5,000 deep",
    body: request("ping", { x: 0 }).replace("0}", `${"[".repeat(5_000)}${"]".repeat(5_000)}}`),
  },
];

const headers: RequestInput[] = [
  ...[undefined, "", "*/*", "application/json", "text/event-stream", "text/html"].map(withAccept),
  ...["application/json;q=0.9, text/event-stream;q=0.1", "text/event-stream,application/json"].map(withAccept),
  ...["APPLICATION/JSON, TEXT/EVENT-STREAM", "application/*, text/*", "text/event-stream, */*"].map(withAccept),
  ...[...revisions, "nonsense", ""].map(inRevision),
  { ...inRevision("2025-11-25"), what: "a revision that was not agreed", revision: "2025-03-26" },
  { what: "no session id", session: "none", body: ping },
  { what: "an unknown session id", headers: { "mcp-session-id": "0d9ab6a4-0000-4000-8000-000000000000" }, body: ping },
  { what: "an empty session id", headers: { "mcp-session-id": "" }, body: ping },
  { what: "a session id twice", headers: { "mcp-session-id": ["SESSION", "SESSION"] }, body: ping },
  { what: "the session id with spaces around it", headers: { "mcp-session-id": "  SESSION  " }, body: ping },
  { what: "an ended session", session: "ended", body: ping },
  {
    what: "a notification in an unknown session",
    headers: { "mcp-session-id": "x" },
    body: notification("notifications/initialized"),
  },
  { what: "Host of another name", headers: { host: "evil.example" }, body: ping },
  { what: "Host localhost", headers: { host: "localhost:PORT" }, body: ping },
  { what: "Host [::1]", headers: { host: "[::1]:PORT" }, body: ping },
  { what: "Origin of another site", headers: { origin: "https://evil.example" }, body: ping },
  { what: "Origin of this machine", headers: { origin: "http://localhost:3000" }, body: ping },
  { what: "a traceparent that is none", headers: { traceparent: "x" }, body: ping },
];

const get = { method: "GET", headers: { accept: "text/event-stream", "content-type": undefined } };

const methods: RequestInput[] = [
  { what: "GET", ...get },
  { what: "GET at /mcp/", ...get, path: "/mcp/" },
  { what: "GET without Accept", method: "GET", headers: { accept: undefined } },
  { what: "GET with Accept */*", method: "GET", headers: { accept: "*/*" } },
  { what: "GET with Accept application/json", method: "GET", headers: { accept: "application/json" } },
  { what: "GET with Accept of both", method: "GET" },
  { what: "GET without a session id", ...get, session: "none" },
  { what: "GET in an ended session", ...get, session: "ended" },
  { what: "GET in an unsupported revision", ...get, headers: { ...get.headers, "mcp-protocol-version": "nonsense" } },
  { what: "GET while another is open", ...get, before: { what: "GET", ...get } },
  { what: "GET after an event that never was", ...get, headers: { ...get.headers, "last-event-id": "nonsense" } },
  { what: "DELETE", method: "DELETE" },
  { what: "DELETE without a session id", method: "DELETE", session: "none" },
  { what: "DELETE in an ended session", method: "DELETE", session: "ended" },
  { what: "DELETE in an unsupported revision", method: "DELETE", headers: { "mcp-protocol-version": "nonsense" } },
  ...["HEAD", "OPTIONS", "PUT", "PATCH"].map((method) => ({ what: method, method })),
];

export const requests: readonly RequestInput[] = [
  ...paths,
  ...initializations,
  ...ids,
  ...messages,
  ...batches,
  ...bodies,
  ...headers,
  ...methods,
];
