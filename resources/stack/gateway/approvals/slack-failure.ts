/** Why a request to Slack failed, and whether it may be retried. */
export class SlackFailure extends Error {
  override readonly name = "SlackFailure";
  /** Whether another attempt may succeed. */
  readonly isTransient: boolean;
  /** Whether Slack may have executed the request despite the failure. */
  readonly mayBeDone: boolean;
  /** Slack's Retry-After; undefined without one. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, kind: { isTransient: boolean; mayBeDone: boolean; retryAfterMs?: number }) {
    super(message);
    this.isTransient = kind.isTransient;
    this.mayBeDone = kind.mayBeDone;
    this.retryAfterMs = kind.retryAfterMs;
  }
}

const longestRetryAfterMs = 30_000;

/** No connection was made, so the request was not sent. */
const notConnectedCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Slack's codes for its own outages: https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const outageCodes = new Set(["internal_error", "fatal_error", "service_unavailable", "request_timeout"]);

export function transportFailure(error: unknown): SlackFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message, name } = cause as NodeJS.ErrnoException;
  return new SlackFailure(message || code || name, {
    isTransient: true,
    mayBeDone: !notConnectedCodes.has(code ?? ""),
  });
}

/** For a reply with an error status. */
export function statusFailure({ status, headers }: Response): SlackFailure {
  if (status === 429) {
    const seconds = Number(headers.get("retry-after") ?? 1);
    const retryAfterMs = Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0) * 1_000, longestRetryAfterMs) : 1_000;
    return new SlackFailure("HTTP 429", { isTransient: true, mayBeDone: false, retryAfterMs });
  }
  return new SlackFailure(`HTTP ${status}`, { isTransient: status >= 500, mayBeDone: status >= 500 });
}

/** For a reply without `ok: true`; `code` is Slack's error code, absent if the reply is not from Slack. */
export function refusal(code: string | undefined): SlackFailure {
  if (code === undefined) {
    return new SlackFailure("Slack sent an invalid reply", { isTransient: true, mayBeDone: true });
  }
  const isOutage = outageCodes.has(code);
  return new SlackFailure(`Slack answered ${code}`, {
    isTransient: isOutage || code === "ratelimited",
    mayBeDone: isOutage,
  });
}
