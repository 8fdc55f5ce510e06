/**
 * A backend that is a command: one process, which all clients share. It is started again whenever it ends, after a pause
 * that doubles; until then requests fail at once.
 */
import type { Params } from "../protocol/messages.ts";
import { initialize } from "./initialize.ts";
import { PendingRequests } from "./pending-requests.ts";
import { StdioProcess, type StdioProgram } from "./stdio-process.ts";
import { toolsChanged } from "./tools-stream.ts";
import type { InitializeResult, RequestOptions, Upstream, UpstreamOptions } from "./upstream.ts";
import { closedFailure, UpstreamFailure } from "./upstream-failure.ts";
import type { UpstreamReply } from "./upstream-reply.ts";

export interface StdioCommand extends StdioProgram {
  /** Undefined: it is not started again. */
  restarts: { longestPauseMs: number } | undefined;
}

const firstPauseMs = 250;
/** A process that has run so long has not failed at its start. */
const steadyMs = 10_000;

export class StdioUpstream implements Upstream {
  readonly name: string;
  readonly #command: StdioCommand;
  readonly #options: UpstreamOptions;
  readonly #requests: PendingRequests;
  #process: StdioProcess | undefined;
  #ready: Promise<InitializeResult> | undefined;
  #startedAtMs = 0;
  #pauseMs = firstPauseMs;
  #restart: NodeJS.Timeout | undefined;
  #ended: { reason: string; untilMs: number } | undefined;
  #isClosed = false;

  constructor(command: StdioCommand, options: UpstreamOptions) {
    this.name = options.name;
    this.#command = command;
    this.#options = options;
    this.#requests = new PendingRequests({
      send: async (text) => this.#process?.send(text),
      onNotification: (method) => {
        if (method === toolsChanged) options.onToolsChanged();
      },
    });
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
    return this.#requests.request(method, params, {
      ...options,
      deadlineMs: Math.max(1, endsAtMs - performance.now()),
    });
  }

  async beginClient(): Promise<void> {}

  endClient(): void {}

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#restart);
    this.#process?.stop();
    this.#requests.failAll(closedFailure());
  }

  #started(): Promise<InitializeResult> {
    if (this.#isClosed) return Promise.reject(closedFailure());
    if (this.#ended) {
      const { reason, untilMs } = this.#ended;
      const leftMs = Math.max(0, Math.ceil(untilMs - performance.now()));
      return Promise.reject(new UpstreamFailure("refused", reason, leftMs === Infinity ? undefined : leftMs));
    }
    this.#ready ??= this.#start();
    return this.#ready;
  }

  async #start(): Promise<InitializeResult> {
    this.#startedAtMs = performance.now();
    this.#process = new StdioProcess(this.#command, {
      onMessage: (line) => this.#requests.take(line),
      onLog: (line) => this.#options.log(`backend ${this.name}: ${line}`),
      onEnd: (reason) => this.#onEnd(reason),
    });
    try {
      return await initialize(this.#requests, this.#options.deadlineMs);
    } catch (error) {
      this.#process?.stop();
      throw error;
    }
  }

  #onEnd(reason: string): void {
    if (this.#isClosed) return;
    if (performance.now() - this.#startedAtMs > steadyMs) this.#pauseMs = firstPauseMs;
    const { restarts } = this.#command;
    const pauseMs = restarts ? Math.min(this.#pauseMs, restarts.longestPauseMs) : Infinity;
    this.#pauseMs = pauseMs * 2;
    const next = restarts ? `it is started again in ${pauseMs} ms` : "it is not started again";
    this.#options.log(`backend ${this.name}: ${reason}; ${next}`);
    this.#ended = { reason, untilMs: performance.now() + pauseMs };
    this.#ready = undefined;
    this.#requests.failAll(new UpstreamFailure("reset", reason));
    this.#options.onSign("fails");
    if (!restarts) return;
    this.#restart = setTimeout(() => {
      this.#ended = undefined;
      // A failure is reported to the requests that it concerns.
      this.#started().then(
        () => this.#options.onSign("answers"),
        () => {},
      );
    }, pauseMs);
  }
}
