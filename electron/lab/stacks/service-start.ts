import { AbortScope } from "../abort-scope.ts";
import type { HealthMonitor } from "../health/monitor.ts";
import type { ProbeResult } from "../health/probe.ts";
import { LabError } from "../lab-error.ts";
import type { StackBackend, StackProgress } from "./backend.ts";
import type { Service, Stack } from "./stack-file.ts";

/** A service that is not well after this long will not be: the slowest, a first initdb, takes a few seconds. */
const READY_LIMIT_MS = 60_000;
/** What runs elsewhere is not the lab's to start: how it is after this long is its health. */
const ELSEWHERE_LIMIT_MS = 5_000;
const LAST_LINES = 8;
/** Why a start is no longer waited for. */
const GONE = new Error("it has ended");

/** Starts services of a stack, and waits for the health of each. */
export class ServiceStart {
  readonly #stack: Stack;
  readonly #backend: StackBackend;
  readonly #health: HealthMonitor;

  constructor(stack: Stack, backend: StackBackend, health: HealthMonitor) {
    this.#stack = stack;
    this.#backend = backend;
    this.#health = health;
  }

  /** All at once, but each after what it depends on; the first that fails stops the rest. */
  async startAll(signal: AbortSignal, report?: (progress: StackProgress) => void): Promise<void> {
    const scope = new AbortScope(signal);
    const started = new Map<string, Promise<void>>();
    for (const service of this.#stack.services) {
      const wanted = Object.keys(service.dependsOn).map((name) => started.get(name));
      const start = Promise.all(wanted).then(() => this.startAndWait(service, scope.signal, report));
      start.catch((error: unknown) => scope.abort(error));
      started.set(service.name, start);
    }
    await Promise.allSettled(started.values());
    scope.end();
    scope.signal.throwIfAborted();
  }

  /** @throws LabError `unhealthy` with its last lines when it ends, or is not up in time */
  async startAndWait(service: Service, signal: AbortSignal, report?: (progress: StackProgress) => void): Promise<void> {
    signal.throwIfAborted();
    report?.({ service: service.name, state: "starting" });
    await this.#backend.driver.start(service.name);
    const isElsewhere = service.runsAt !== undefined;
    const waiting = new AbortScope(signal, isElsewhere ? ELSEWHERE_LIMIT_MS : READY_LIMIT_MS);
    const isStarted = ({ status }: ProbeResult) => status === "up" || (isElsewhere && status === "degraded");
    const forget = this.#abortWhenGone(service, waiting);
    try {
      await this.#health.waitUntil(service.name, isStarted, waiting.signal);
    } catch (error) {
      if (signal.aborted) throw error;
      if (!isElsewhere || waiting.signal.reason === GONE)
        throw await this.#unhealthy(service, waiting.signal.reason === GONE);
    } finally {
      waiting.end();
      forget();
    }
    report?.({ service: service.name, state: "healthy" });
  }

  /** @returns ends it */
  #abortWhenGone(service: Service, waiting: AbortScope): () => void {
    const check = async () => {
      const state = await this.#backend.driver.stateOf(service.name).catch(() => undefined);
      if (state?.is === "stopped" || state?.is === "absent") waiting.abort(GONE);
    };
    const forget = this.#backend.onChange((name) => {
      if (name === service.name) void check();
    });
    // It may have ended before anybody listened.
    void check();
    return forget;
  }

  async #unhealthy(service: Service, hasEnded: boolean): Promise<LabError> {
    const lines = await this.#backend.lastLines(service.name, LAST_LINES).catch(() => []);
    const what = hasEnded
      ? "ended while it was starting"
      : `did not become healthy within ${READY_LIMIT_MS / 1000} s (${this.#health.health(service.name).reason})`;
    const tail = lines.length > 0 ? `; its last lines:\n${lines.map((line) => `    ${line}`).join("\n")}` : "";
    return new LabError("unhealthy", `${service.name} ${what}${tail}`);
  }
}
