import type { ServiceLogPage, ServiceLogRequest } from "../../../contract/stack.ts";
import { LabError } from "../../lab-error.ts";
import { Redactor } from "../../redaction/redactor.ts";
import type { LogFollower } from "../../stacks/backend.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import type { Stack } from "../../stacks/stack-file.ts";

/** Of each service; older ones are dropped and counted. */
const KEPT_LINES = 2_000;
/** Of what a service had printed before anyone asked. */
const EARLIER_LINES = 300;
/** How long a request waits for a line that is not there yet. */
const WAIT_MS = 10_000;
/** Nobody has asked for so long: output is followed no more. */
const IDLE_MS = 30_000;

interface Kept {
  lines: ServiceLogPage["lines"];
  dropped: number;
}

interface Following {
  running: RunningStack;
  follower: LogFollower;
  byService: Map<string, Kept>;
  redactor: Redactor;
}

/**
 * What the services print, for a person who looks: followed only while one does, secrets replaced, kept in memory and
 * nowhere else.
 */
export class ServiceLogs {
  readonly #running: () => RunningStack | undefined;
  readonly #waiting = new Set<() => void>();
  #following: Following | undefined;
  #lastSeq = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(running: () => RunningStack | undefined) {
    this.#running = running;
  }

  /**
   * Lines after a known one; waits for the next when there is none, and answers without any after ten seconds.
   * @throws LabError while the stack is not up, or for a service that it does not have
   */
  async read({ service, after }: ServiceLogRequest, signal?: AbortSignal): Promise<ServiceLogPage> {
    const following = await this.#follow();
    const kept = await this.#keptOf(following, service);
    const isNewer = () => kept.lines.some(({ seq }) => seq > (after ?? 0));
    const isOver = () => signal?.aborted === true || this.#following !== following;
    if (after !== null) await this.#wait(() => isNewer() || isOver(), signal);
    const lines = kept.lines.filter(({ seq }) => seq > (after ?? 0));
    return { lines, last: lines.at(-1)?.seq ?? after ?? 0, dropped: kept.dropped };
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const following = this.#following;
    this.#following = undefined;
    for (const wake of this.#waiting) wake();
    await following?.follower.close();
  }

  async #follow(): Promise<Following> {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    const running = this.#running();
    if (running !== undefined && this.#following?.running === running) return this.#following;
    await this.close();
    if (running === undefined) throw new LabError("precondition", "the stack is not up", { hint: "bring it up first" });
    const byService = new Map<string, Kept>();
    const redactor = new Redactor();
    learnFrom(running.stack, redactor);
    const follower = running.followLogs(({ service, stream, line }) => {
      const kept = byService.get(service);
      if (kept !== undefined) this.#keep(kept, stream, redactor.text(line));
    });
    this.#following = { running, follower, byService, redactor };
    return this.#following;
  }

  /** With the first request for a service comes what it has printed before. */
  async #keptOf({ running, byService, redactor }: Following, service: string): Promise<Kept> {
    const known = byService.get(service);
    if (known !== undefined) return known;
    const kept: Kept = { lines: [], dropped: 0 };
    byService.set(service, kept);
    const earlier = await running.lastLines(service, EARLIER_LINES).catch((error: unknown) => {
      // Asked for again by the next request.
      byService.delete(service);
      throw error;
    });
    // What has come since is in both.
    const since = kept.lines.splice(0);
    for (const line of earlier.slice(0, earlier.length - overlap(earlier, since))) {
      this.#keep(kept, "stdout", redactor.text(line));
    }
    for (const { stream, line } of since) this.#keep(kept, stream, line);
    return kept;
  }

  #keep(kept: Kept, stream: "stdout" | "stderr", line: string): void {
    kept.lines.push({ seq: ++this.#lastSeq, stream, line });
    if (kept.lines.length > KEPT_LINES) {
      kept.lines.shift();
      kept.dropped++;
    }
    for (const wake of this.#waiting) wake();
  }

  async #wait(isEnough: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    if (isEnough()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => isEnough() && resolve();
    const timer = setTimeout(resolve, WAIT_MS);
    this.#waiting.add(wake);
    signal?.addEventListener("abort", wake, { once: true });
    await promise;
    clearTimeout(timer);
    signal?.removeEventListener("abort", wake);
    this.#waiting.delete(wake);
  }
}

function learnFrom({ services }: Stack, redactor: Redactor): void {
  for (const { environment } of services) redactor.learn(environment);
}

/** How many of the last lines are also the first ones of what came since. */
function overlap(earlier: readonly string[], since: ServiceLogPage["lines"]): number {
  const most = Math.min(earlier.length, since.length);
  for (let count = most; count > 0; count--) {
    const tail = earlier.slice(earlier.length - count);
    if (tail.every((line, index) => line === since[index]?.line)) return count;
  }
  return 0;
}
