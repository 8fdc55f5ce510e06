/**
 * Why a backend sent no valid response. The message is only the cause, to follow `upstream error: <backend>: `.
 * `unauthorized`: HTTP 401 or 403. `not-sent`: a policy of the gateway did not send the request.
 */
export type UpstreamCause =
  | "refused"
  | "reset"
  | "unreachable"
  | "deadline"
  | "status"
  | "unauthorized"
  | "malformed"
  | "closed"
  | "not-sent";

export class UpstreamFailure extends Error {
  override readonly name = "UpstreamFailure";
  readonly kind: UpstreamCause;
  /** When the gateway will try again, in milliseconds from now, if it knows. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: UpstreamCause, message: string, retryAfterMs?: number) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Of a backend that is no longer used: the gateway stops, or its configuration names it no more. */
export function closedFailure(): UpstreamFailure {
  return new UpstreamFailure("closed", "the gateway has closed its connections");
}

/** `retryAfter`: the header, of which only seconds are read. */
export function statusFailure(status: number, to = "", retryAfter?: string): UpstreamFailure {
  const kind = status === 401 || status === 403 ? "unauthorized" : "status";
  const retryAfterMs = /^\d{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) * 1_000 : undefined;
  return new UpstreamFailure(kind, `HTTP ${status}${to}`, retryAfterMs);
}

const unreachableCodes = new Set(["ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL"]);

export function classifySocketError(error: NodeJS.ErrnoException): UpstreamFailure {
  const code = error.code ?? "";
  if (code === "ECONNREFUSED") return new UpstreamFailure("refused", "connection refused");
  if (code === "ETIMEDOUT") return new UpstreamFailure("unreachable", "connection timed out");
  if (unreachableCodes.has(code)) return new UpstreamFailure("unreachable", `host unreachable (${code})`);
  if (code === "ECONNRESET" || code === "EPIPE") return new UpstreamFailure("reset", "connection reset");
  return new UpstreamFailure("reset", `connection failed (${code || error.message})`);
}
