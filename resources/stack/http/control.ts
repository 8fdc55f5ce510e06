/**
 * Access checks for requests that change a service's state or read it, in addition to {@link refusalOf}. A page sends its Origin with
 * every such request, and cannot send this content type cross-origin without a preflight; other programs lack the token.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { EnvironmentReader } from "./environment.ts";
import { HttpError } from "./messages.ts";

/** The token that callers must send: CONTROL_TOKEN, which has no default. */
export function readControlToken(environment: EnvironmentReader): string {
  return environment.string("CONTROL_TOKEN", "32-random-characters");
}

/** @throws HttpError 403 for a page, 415 for anything but JSON, 401 without the token */
export function assertControl(request: IncomingMessage, token: string): void {
  assertNoPage(request);
  if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) {
    throw new HttpError(415, "Send this with content-type: application/json.");
  }
  assertToken(request, token);
}

/** For requests that only read what a service has seen. @throws HttpError 403 for a page, 401 without the token */
export function assertReader(request: IncomingMessage, token: string): void {
  assertNoPage(request);
  assertToken(request, token);
}

/** @throws HttpError 403 */
export function assertNoPage({ headers: { origin } }: IncomingMessage): void {
  if (origin !== undefined) throw new HttpError(403, "Requests from web pages (with an Origin header) are refused.");
}

/** @throws HttpError 401 */
export function assertToken({ headers }: IncomingMessage, token: string): void {
  if (timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${token}`))) return;
  throw new HttpError(401, "Send Authorization: Bearer with the token of this service's CONTROL_TOKEN.", {
    "www-authenticate": "Bearer",
  });
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
