/**
 * Requests on a connection that carries messages both ways, until their responses: each has a deadline and can be cancelled,
 * which the backend is notified of. What is no message of the protocol, such as a greeting, is skipped.
 */
import { randomBytes } from "node:crypto";
import { isObject, parseJson } from "../../http/json.ts";
import { errorCodes, errorText, notificationText, type Params, resultText } from "../protocol/messages.ts";
import { CallerLeft } from "../sessions/exchange.ts";
import type { RequestOptions } from "./upstream.ts";
import { progressIn } from "./upstream-exchange.ts";
import { UpstreamFailure } from "./upstream-failure.ts";
import { readReply, type UpstreamReply } from "./upstream-reply.ts";

interface Pending {
  onResponse: (text: string) => void;
  onProgress: RequestOptions["onProgress"];
  fail: (reason: unknown) => void;
}

export interface PendingRequestsOptions {
  /** One message, JSON text. Rejects when it was not accepted, which fails the request in it. */
  send: (text: string) => Promise<void>;
  onNotification: (method: string) => void;
}

export class PendingRequests {
  readonly #options: PendingRequestsOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #idPrefix = `m${randomBytes(4).toString("hex")}-`;
  #lastId = 0;

  constructor(options: PendingRequestsOptions) {
    this.#options = options;
  }

  /** Rejects with UpstreamFailure, or with the signal's reason. */
  request(method: string, params: Params, options: Omit<RequestOptions, "client">): Promise<UpstreamReply> {
    const { deadlineMs, signal, onProgress } = options;
    this.#lastId += 1;
    const id = this.#idPrefix + this.#lastId;
    const meta = isObject(params._meta) ? params._meta : {};
    const sent = onProgress ? { ...params, _meta: { ...meta, progressToken: id } } : params;
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
        this.#pending.delete(id);
        act();
      };
      const cancel = (reason: Error): void => {
        this.notify("notifications/cancelled", { requestId: id, reason: reason.message });
        settle(() => reject(reason));
      };
      const onAbort = (): void => {
        const { reason } = signal as AbortSignal;
        if (reason instanceof CallerLeft && !reason.cancels) fail(reason);
        else cancel(reason);
      };
      const late = `no reply within the deadline of ${Math.round(deadlineMs)} ms`;
      const timer = setTimeout(() => cancel(new UpstreamFailure("deadline", late)), deadlineMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      const fail = (reason: unknown): void => settle(() => reject(reason));
      const onResponse = (text: string): void => {
        try {
          const reply = readReply(text, id);
          settle(() => resolve(reply));
        } catch (error) {
          fail(error);
        }
      };
      this.#pending.set(id, { onResponse, onProgress, fail });
      this.#options.send(JSON.stringify({ jsonrpc: "2.0", id, method, params: sent })).catch(fail);
    });
  }

  notify(method: string, params?: Params): void {
    this.#send(notificationText(method, params));
  }

  /** A message of the backend. The gateway offers backends ping and no other method. */
  take(text: string): void {
    const message = parseJson(text);
    if (!isObject(message)) return;
    const { id, method, params } = message;
    if (typeof method !== "string") {
      this.#pending.get(String(id))?.onResponse(text);
      return;
    }
    this.#options.onNotification(method);
    for (const [token, { onProgress }] of this.#pending) {
      const progress = progressIn({ method, params }, token);
      if (progress) onProgress?.(progress);
    }
    if (typeof id !== "string" && typeof id !== "number") return;
    const problem = `Method not found: ${method}`;
    this.#send(method === "ping" ? resultText(id, {}) : errorText(id, errorCodes.methodNotFound, problem));
  }

  failAll(reason: unknown): void {
    for (const { fail } of [...this.#pending.values()]) fail(reason);
  }

  /** Sends a message without waiting for its acceptance. */
  #send(text: string): void {
    this.#options.send(text).catch(() => {});
  }
}
