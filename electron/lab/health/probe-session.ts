/** A session that an MCP probe keeps open with a server. */
export interface ProbeSession {
  /** @returns the reason when the session can no longer be used, else undefined. @throws when there is no answer */
  ping(signal: AbortSignal): Promise<string | undefined>;
  /** Errors are ignored: the server may not support it, or be gone. */
  end(): Promise<void>;
}

/** A handshake that the server did not accept. */
export interface Refusal {
  reason: string;
  /** As a server of HTTP+SSE answers it. */
  mayBeOlder: boolean;
}
