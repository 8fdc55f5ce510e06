/** Bounded request reading and JSON responses. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isObject, parseJson } from "./json.ts";

export const bodyLimitBytes = 1024 * 1024;

/** Thrown by a handler to respond with `status` and `{error: message}`. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * The path without its query. Not parsed as a URL: a request target may not be one. It is an absolute URL when it comes
 * through a proxy (RFC 9112, absolute-form).
 */
export function pathOf(request: IncomingMessage): string {
  const target = (request.url ?? "/").replace(/^https?:\/\/[^/?]*/i, "");
  return target.split("?", 1)[0] || "/";
}

/** The value of a header that occurs at most once. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

/** The whole body; HttpError 413 as soon as it exceeds `limitBytes`, declared or received. */
export async function readBody(request: IncomingMessage, limitBytes = bodyLimitBytes): Promise<Buffer> {
  const tooLarge = new HttpError(413, `The request body exceeds ${limitBytes} bytes.`, { connection: "close" });
  if (Number(request.headers["content-length"] ?? 0) > limitBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length;
    if (bytes > limitBytes) throw tooLarge;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** The body as JSON; an empty body is `{}`. HttpError 400 if it is not JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const text = (await readBody(request)).toString("utf8");
  if (text.trim() === "") return {};
  const value = parseJson(text);
  if (value === undefined) throw new HttpError(400, "The request body is not valid JSON.");
  return value;
}

/** The body as a JSON object; HttpError 400 otherwise. */
export async function readJsonObject(request: IncomingMessage): Promise<Record<string, unknown>> {
  const value = await readJson(request);
  if (isObject(value)) return value;
  throw new HttpError(400, "The request body is not a JSON object.");
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...headers,
  });
  response.end(body);
}

export function sendNothing(response: ServerResponse): void {
  response.writeHead(204).end();
}
