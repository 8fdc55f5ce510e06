/**
 * A backend that is a command: one process, which all clients share. It is started again whenever it ends, after a pause
 * that doubles; until then requests fail at once.
 */
import { isObject, parseJson } from "../../http/json.ts";
import { errorCodes, errorText, notificationText, type Params, resultText } from "../protocol/messages.ts";
import { latestVersion, supportedVersion } from "../protocol/versions.ts";
import { type StdioCommand, StdioProcess } from "./stdio-process.ts";
import { toolsChanged } from "./tools-stream.ts";
import type { InitializeResult, RequestOptions, Upstream, UpstreamOptions } from "./upstream.ts";
import { progressIn } from "./upstream-exchange.ts";
import { UpstreamFailure } from "./upstream-failure.ts";
import { readReply, type UpstreamReply } from "./upstream-reply.ts";

interface Pending {
  onLine: (line: string) => void;
  onProgress: RequestOptions["onProgress"];
  fail: (reason: unknown) => void;
}

const firstPauseMs = 250;
const longestPauseMs = 30_000;
/** A process that has run so long has not failed at its start. */
const steadyMs = 10_000;
const clientInfo = { name: "resilience-lab-gateway", version: "0.1.0" };

export class StdioUpstream implements Upstream {
  readonly name: string;
  readonly #command: StdioCommand;
  readonly #options: UpstreamOptions;
  readonly #pending = new Map<string, Pending>();
  #process: StdioProcess | undefined;
  #ready: Promise<InitializeResult> | undefined;
  #startedAtMs = 0;
  #pauseMs = firstPauseMs;
  #restart: NodeJS.Timeout | undefined;
  #ended: { reason: string; untilMs: number } | undefined;
  #isClosed = false;
  #lastId = 0;

  constructor(command: StdioCommand, options: UpstreamOptions) {
    this.name = options.name;
    this.#command = command;
    this.#options = options;
  }

  async about(deadlineMs: number): Promise<InitializeResult> {
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => timeout.reject(new UpstreamFailure("deadline", "no session within the deadline")),
      deadlineMs,
    );
    try {
      return await Promise.race([this.#started(), timeout.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async request(method: string, params: Params, options: RequestOptions): Promise<UpstreamReply> {
    const endsAtMs = performance.now() + options.deadlineMs;
    await this.about(options.deadlineMs);
    options.signal?.throwIfAborted();
    options.onAttempt?.();
    return this.#exchange(method, params, { ...options, deadlineMs: Math.max(1, endsAtMs - performance.now()) });
  }

  async beginClient(): Promise<void> {}

  endClient(): void {}

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    this.#process?.stop();
    this.#failAll(new UpstreamFailure("closed", "the gateway is stopping"));
  }

  #started(): Promise<InitializeResult> {
    if (this.#isClosed) return Promise.reject(new UpstreamFailure("closed", "the gateway is stopping"));
    if (this.#ended) {
      const leftMs = Math.max(0, Math.ceil(this.#ended.untilMs - performance.now()));
      return Promise.reject(new UpstreamFailure("refused", this.#ended.reason, leftMs));
    }
    this.#ready ??= this.#start();
    return this.#ready;
  }

  async #start(): Promise<InitializeResult> {
    this.#startedAtMs = performance.now();
    this.#process = new StdioProcess(this.#command, {
      onMessage: (line) => this.#take(line),
      onLog: (line) => this.#options.log(`backend ${this.name}: ${line}`),
      onEnd: (reason) => this.#onEnd(reason),
    });
    const params = { protocolVersion: latestVersion, capabilities: {}, clientInfo };
    const { deadlineMs } = this.#options;
    try {
      const { result, errorMessage } = await this.#exchange("initialize", params, { deadlineMs });
      if (!result) throw new UpstreamFailure("malformed", `it refuses to initialize: ${errorMessage}`);
      const protocolVersion = supportedVersion(result.protocolVersion);
      if (!protocolVersion) {
        const problem = `it speaks protocol ${String(result.protocolVersion)}, which is unsupported`;
        throw new UpstreamFailure("malformed", problem);
      }
      this.#process.send(notificationText("notifications/initialized"));
      const { capabilities, instructions } = result;
      return {
        protocolVersion,
        capabilities: isObject(capabilities) ? capabilities : {},
        instructions: typeof instructions === "string" ? instructions : undefined,
      };
    } catch (error) {
      this.#process?.stop();
      throw error;
    }
  }

  #exchange(method: string, params: Params, options: RequestOptions): Promise<UpstreamReply> {
    const { deadlineMs, signal, onProgress } = options;
    this.#lastId += 1;
    const id = `s${this.#lastId}`;
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
        this.#process?.send(notificationText("notifications/cancelled", { requestId: id, reason: reason.message }));
        settle(() => reject(reason));
      };
      const onAbort = (): void => cancel(signal?.reason);
      const late = `no reply within the deadline of ${Math.round(deadlineMs)} ms`;
      const timer = setTimeout(() => cancel(new UpstreamFailure("deadline", late)), deadlineMs);
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#pending.set(id, {
        onLine: (line) =>
          settle(() => {
            try {
              resolve(readReply(line, id));
            } catch (error) {
              reject(error);
            }
          }),
        onProgress,
        fail: (reason) => settle(() => reject(reason)),
      });
      this.#process?.send(JSON.stringify({ jsonrpc: "2.0", id, method, params: sent }));
    });
  }

  #take(line: string): void {
    const message = parseJson(line);
    // What is no message of the protocol, such as a greeting, is skipped.
    if (!isObject(message)) return;
    const { id, method, params } = message;
    if (typeof method !== "string") {
      this.#pending.get(String(id))?.onLine(line);
      return;
    }
    if (method === toolsChanged) this.#options.onToolsChanged();
    for (const [token, { onProgress }] of this.#pending) {
      const progress = progressIn({ method, params }, token);
      if (progress) onProgress?.(progress);
    }
    if (typeof id !== "string" && typeof id !== "number") return;
    const problem = `Method not found: ${method}`;
    this.#process?.send(method === "ping" ? resultText(id, {}) : errorText(id, errorCodes.methodNotFound, problem));
  }

  #onEnd(reason: string): void {
    if (this.#isClosed) return;
    if (performance.now() - this.#startedAtMs > steadyMs) this.#pauseMs = firstPauseMs;
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    this.#options.log(`backend ${this.name}: ${reason}; it is started again in ${pauseMs} ms`);
    this.#ended = { reason, untilMs: performance.now() + pauseMs };
    this.#ready = undefined;
    this.#failAll(new UpstreamFailure("reset", reason));
    this.#options.onSign("fails");
    this.#restart = setTimeout(() => {
      this.#ended = undefined;
      // A failure is reported to the requests that it concerns.
      this.#started().then(
        () => this.#options.onSign("answers"),
        () => {},
      );
    }, pauseMs);
  }

  #failAll(reason: unknown): void {
    for (const { fail } of [...this.#pending.values()]) fail(reason);
  }
}
