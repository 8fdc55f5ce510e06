/**
 * One MCP server as the gateway uses it. A transport implements it (`transports.ts` names them all), and each policy in
 * `policies/` is an Upstream around another; nothing else knows which transport a backend has.
 */

import type { Params } from "../protocol/messages.ts";
import type { HealthSign } from "./health/health-monitor.ts";
import type { UpstreamReply } from "./upstream-reply.ts";

export interface RequestOptions {
  /** For the whole reply, its body included. */
  deadlineMs: number;
  /** The session of the gateway's client; absent for the gateway's own requests. */
  client?: string | undefined;
  /** The request may be executed twice: a retry does no harm. */
  mayRepeat?: boolean | undefined;
  signal?: AbortSignal | undefined;
  traceparent?: string | undefined;
  /** Receives the params of each progress notification, without its token. */
  onProgress?: ((progress: Params) => void) | undefined;
  /** Called each time the request is sent. */
  onAttempt?: (() => void) | undefined;
}

export interface InitializeResult {
  /** The revision that was agreed on. */
  protocolVersion: string;
  capabilities: Record<string, unknown>;
  instructions: string | undefined;
}

export interface Upstream {
  readonly name: string;
  /** The initialize result of the gateway's own session; connects if there is none. Rejects with UpstreamFailure. */
  about(deadlineMs: number): Promise<InitializeResult>;
  /** Rejects with UpstreamFailure, or with CallerLeft if the signal aborts the request. */
  request(method: string, params: Params, options: RequestOptions): Promise<UpstreamReply>;
  /** A client's session has begun: a backend with state gets one of its own. Resolves once it is open, or cannot be. */
  beginClient(client: string): Promise<void>;
  endClient(client: string): void;
  /** Fails the requests in progress and ends its sessions. Resolves within a second, and never rejects. */
  close(): Promise<void>;
}

/** A backend at an address. */
export interface HttpTarget {
  url: string;
  /** Sent with each request, credentials included. */
  headers: Readonly<Record<string, string>>;
  /** All clients share the gateway's own session. */
  sharesSession: boolean;
}

/** What every transport is given. */
export interface UpstreamOptions {
  name: string;
  deadlineMs: number;
  log: (line: string) => void;
  /** The backend has announced other tools. */
  onToolsChanged: () => void;
  /** The connection to the backend has ended, or there is one again. */
  onSign: (sign: HealthSign) => void;
}
