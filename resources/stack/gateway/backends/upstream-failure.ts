/** Why a backend sent no valid response. The message is only the cause, to follow `upstream error: <backend>: `. */
export type UpstreamCause = "refused" | "reset" | "unreachable" | "deadline" | "status" | "malformed" | "closed";

export class UpstreamFailure extends Error {
  override readonly name = "UpstreamFailure";
  readonly kind: UpstreamCause;

  constructor(kind: UpstreamCause, message: string) {
    super(message);
    this.kind = kind;
  }
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
