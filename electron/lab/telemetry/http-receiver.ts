import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { encodeExportResponse, encodeRpcStatus, type OtlpSignal } from "../trace-files/otlp-protobuf.ts";
import { isAuthorized } from "./access.ts";
import { type Accepted, BODY_LIMIT, type Intake, type Refusal, RefusedExport } from "./intake.ts";
import type { OtlpFormat } from "./otlp-export.ts";

const SIGNALS: Readonly<Record<string, OtlpSignal>> = {
  "/v1/traces": "traces",
  "/v1/logs": "logs",
  "/v1/metrics": "metrics",
};
const REJECTED: Record<OtlpSignal, string> = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
};
const STATUS: Record<Refusal, number> = { malformed: 400, "too large": 413, busy: 503 };
/** A client that sends nothing for so long is disconnected. */
const REQUEST_LIMIT_MS = 30_000;

class HttpRefusal extends Error {
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** OTLP over HTTP: https://opentelemetry.io/docs/specs/otlp/#otlphttp. @param token absent: none is asked for */
export function makeHttpReceiver(intake: Intake, token: string | undefined): Server {
  const server = createServer((request, response) => void answer(request, response, intake, token));
  server.requestTimeout = REQUEST_LIMIT_MS;
  server.headersTimeout = REQUEST_LIMIT_MS;
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  intake: Intake,
  token: string | undefined,
): Promise<void> {
  request.on("error", () => {});
  response.on("error", () => {});
  let format: OtlpFormat = "json";
  try {
    const signal = signalOf(request, token);
    format = formatOf(request);
    send(response, format, 200, exportResponse(format, signal, await receive(request, signal, format, intake)));
  } catch (error) {
    if (request.socket.destroyed) return;
    const { status, message, headers } = refusalOf(error);
    send(response, format, status, statusBody(format, status, message), headers);
    // What was not read of the body would otherwise be taken for the next request.
    request.resume();
  }
}

function refusalOf(error: unknown): HttpRefusal {
  if (error instanceof HttpRefusal) return error;
  if (error instanceof RefusedExport) {
    const again: Record<string, string> = error.refusal === "busy" ? { "retry-after": "1" } : {};
    return new HttpRefusal(STATUS[error.refusal], error.message, again);
  }
  return new HttpRefusal(500, `the lab failed to read it: ${error instanceof Error ? error.message : String(error)}`);
}

/** @throws HttpRefusal for a request that is not answered, whatever its body */
function signalOf({ method, url = "", headers }: IncomingMessage, token: string | undefined): OtlpSignal {
  if (headers.origin !== undefined) throw new HttpRefusal(403, "no web page may send telemetry here");
  if (!isOwnHost(headers.host)) {
    throw new HttpRefusal(
      403,
      `Host ${JSON.stringify(headers.host ?? "")} is not served: use the address that the lab shows`,
    );
  }
  const signal = SIGNALS[url.split("?", 1)[0] ?? ""];
  if (signal === undefined) {
    throw new HttpRefusal(404, `nothing is received at ${url.slice(0, 100)}: use /v1/traces, /v1/logs or /v1/metrics`);
  }
  if (method !== "POST") throw new HttpRefusal(405, `${method} is not served: use POST`, { allow: "POST" });
  if (!isAuthorized(headers.authorization, token)) {
    throw new HttpRefusal(401, 'the token is missing or wrong: set the header "authorization: Bearer TOKEN"', {
      "www-authenticate": "Bearer",
    });
  }
  return signal;
}

/**
 * A name with dots may be one that a web page has made resolve to this machine (DNS rebinding). Containers use an address, the
 * name of a container, or the engine's name for this machine.
 */
function isOwnHost(host: string | undefined): boolean {
  const name = URL.parse(`http://${host ?? ""}`)?.hostname;
  if (name === undefined || name === "") return false;
  return /^(\d+\.){3}\d+$/.test(name) || name.startsWith("[") || !name.includes(".") || name === "host.docker.internal";
}

function formatOf({ headers }: IncomingMessage): OtlpFormat {
  const [type = ""] = (headers["content-type"] ?? "").toLowerCase().split(";", 1);
  if (type.trim() === "application/x-protobuf") return "protobuf";
  if (type.trim() === "application/json") return "json";
  throw new HttpRefusal(
    415,
    `the content type is ${JSON.stringify(type)}: use application/x-protobuf or application/json`,
  );
}

async function receive(
  request: IncomingMessage,
  signal: OtlpSignal,
  format: OtlpFormat,
  intake: Intake,
): Promise<Accepted> {
  const encoding = (request.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding !== "gzip" && encoding !== "identity") {
    throw new HttpRefusal(415, `the content encoding is ${JSON.stringify(encoding)}: use gzip or none`);
  }
  // Without a length the largest body is reserved.
  const length = request.headers["content-length"];
  const release = intake.reserve(length === undefined ? BODY_LIMIT : Number(length));
  try {
    const body = await readBody(request, intake);
    return await intake.take(signal, format, body, encoding === "gzip");
  } finally {
    release();
  }
}

async function readBody(request: IncomingMessage, intake: Intake): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) throw intake.refused("too large", `the body has more than ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}

function exportResponse(format: OtlpFormat, signal: OtlpSignal, { rejected, message }: Accepted): Uint8Array | string {
  const isWhole = rejected === 0 && message === "";
  if (format === "protobuf") return encodeExportResponse(isWhole ? undefined : { rejected, errorMessage: message });
  // 64-bit numbers are texts in the JSON of protobuf.
  const partialSuccess = { [REJECTED[signal]]: String(rejected), errorMessage: message };
  return JSON.stringify(isWhole ? {} : { partialSuccess });
}

function statusBody(format: OtlpFormat, status: number, message: string): Uint8Array | string {
  const code = RPC_CODES[status] ?? 13;
  return format === "protobuf" ? encodeRpcStatus(code, message) : JSON.stringify({ code, message });
}

/** google.rpc.Code of an HTTP status. */
const RPC_CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  413: 8,
  415: 3,
  503: 14,
};

function send(
  response: ServerResponse,
  format: OtlpFormat,
  status: number,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
): void {
  const type = format === "protobuf" ? "application/x-protobuf" : "application/json";
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body), ...headers });
  response.end(body);
}
