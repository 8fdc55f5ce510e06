/** Why a request to Slack failed, and what that means for another attempt. */
export class SlackFailure extends Error {
  override readonly name = "SlackFailure";
  /** Whether another attempt may succeed. */
  readonly isTransient: boolean;
  /** Whether Slack may have done what was asked all the same. */
  readonly mayBeDone: boolean;
  /** How long Slack asks to wait; undefined when it does not. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, kind: { isTransient: boolean; mayBeDone: boolean; retryAfterMs?: number }) {
    super(message);
    this.isTransient = kind.isTransient;
    this.mayBeDone = kind.mayBeDone;
    this.retryAfterMs = kind.retryAfterMs;
  }
}

const longestRetryAfterMs = 30_000;

/** No connection was made, so nothing was asked. */
const notConnectedCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** What Slack says of its own troubles: https://docs.slack.dev/reference/methods/chat.postMessage#errors */
const troubles = new Set(["internal_error", "fatal_error", "service_unavailable", "request_timeout"]);

export function transportFailure(error: unknown): SlackFailure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code, message, name } = cause as NodeJS.ErrnoException;
  return new SlackFailure(message || code || name, {
    isTransient: true,
    mayBeDone: !notConnectedCodes.has(code ?? ""),
  });
}

/** Of a reply whose status is not one of success. */
export function statusFailure({ status, headers }: Response): SlackFailure {
  if (status === 429) {
    const seconds = Number(headers.get("retry-after") ?? 1);
    const retryAfterMs = Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0) * 1_000, longestRetryAfterMs) : 1_000;
    return new SlackFailure("HTTP 429", { isTransient: true, mayBeDone: false, retryAfterMs });
  }
  return new SlackFailure(`HTTP ${status}`, { isTransient: status >= 500, mayBeDone: status >= 500 });
}

/** Of a reply that is not `ok: true`; `word` is Slack's, absent when the reply is none of Slack's. */
export function refusal(word: string | undefined): SlackFailure {
  if (word === undefined) {
    return new SlackFailure("Slack says nothing intelligible", { isTransient: true, mayBeDone: true });
  }
  const isTrouble = troubles.has(word);
  return new SlackFailure(`Slack says ${word}`, {
    isTransient: isTrouble || word === "ratelimited",
    mayBeDone: isTrouble,
  });
}
