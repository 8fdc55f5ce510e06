import { isTimeout, within } from "../abort-scope.ts";
import type { Clock } from "../clock.ts";
import { emptyRunView, foldAll, type RunView } from "../events/fold.ts";
import type { LabEvent } from "../events/lab-event.ts";
import type { RunLog } from "../events/run-log.ts";
import type { FaultInjector } from "../faults/injector.ts";
import type { ProxyWatch } from "../faults/proxy-watch.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { RunningStack } from "../stack/running-stack.ts";
import { serviceNamed } from "../stack/stack-file.ts";
import type { AuditReader } from "../traces/audit-reader.ts";

const AUDIT_SETTLE_LIMIT_MS = 5_000;
const AUDIT_LOOK_EVERY_MS = 20;
/** For a gateway that does not say how many rows it still has to write: this long without one is the end of them. */
const AUDIT_QUIET_MS = 300;

/** What the steps and checks of one run work with. */
export class RunContext {
  readonly stack: RunningStack;
  readonly log: RunLog;
  readonly faults: FaultInjector;
  readonly clock: Clock;
  /** Set once the audit log is followed; absent for a stack without one. */
  audit: AuditReader | undefined;
  /** Set once the fault proxy is followed; absent for a stack without one. */
  proxy: ProxyWatch | undefined;
  /** What the last agent step answered. */
  answer: string | undefined;
  #view: RunView = emptyRunView;
  #unfolded: LabEvent[] = [];

  constructor(parts: { stack: RunningStack; log: RunLog; faults: FaultInjector; clock: Clock }) {
    this.stack = parts.stack;
    this.log = parts.log;
    this.faults = parts.faults;
    this.clock = parts.clock;
    parts.log.subscribe((event) => this.#unfolded.push(event));
  }

  /** The run as it stands. Folds only when asked, since events may come by the thousand. */
  view(): RunView {
    if (this.#unfolded.length > 0) {
      this.#view = foldAll(this.#view, this.#unfolded);
      this.#unfolded = [];
    }
    return this.#view;
  }

  /** Resolves when `holds` does, looked at now and at every event. @throws the signal's reason when it aborts first */
  async waitUntil(holds: (view: RunView) => boolean, wakesOn: LabEvent["type"], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (holds(this.view())) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const forget = this.log.subscribe((event) => {
      if (event.type === wakesOn && holds(this.view())) resolve();
    });
    await promise.finally(() => {
      forget();
      signal.removeEventListener("abort", onAbort);
    });
  }

  url(service: string, path: string): string {
    return `http://${this.stack.address(serviceNamed(this.stack.stack, service).name)}${path}`;
  }

  /**
   * Resolves when every decision made so far has been read from the audit log, as far as the gateway tells; at once when
   * the log's database is down, since its rows will come later.
   */
  async settleAudit(signal: AbortSignal): Promise<void> {
    if (this.audit === undefined || !this.#isAuditLogUp()) return;
    try {
      await within(signal, AUDIT_SETTLE_LIMIT_MS, (limit) => this.#waitUntilWritten(limit));
    } catch (error) {
      signal.throwIfAborted();
      if (!isTimeout(error)) throw error;
    }
    await this.audit.read();
  }

  async #waitUntilWritten(signal: AbortSignal): Promise<void> {
    for (let pending = await this.#pendingRows(signal); pending !== 0; pending = await this.#pendingRows(signal)) {
      if (pending === undefined) return this.#waitForQuiet(signal);
      await this.clock.sleep(AUDIT_LOOK_EVERY_MS, signal);
    }
  }

  #isAuditLogUp(): boolean {
    const auditLog = this.stack.stack.services.find(({ role }) => role === "audit-log");
    return auditLog !== undefined && this.stack.health.health(auditLog.name).status === "up";
  }

  /** Rows that the gateway has decided but not yet written; undefined when it cannot say. */
  async #pendingRows(signal: AbortSignal): Promise<number | undefined> {
    const gateway = this.stack.stack.services.find(({ role }) => role === "gateway");
    if (gateway === undefined || !("http" in gateway.probe)) return undefined;
    try {
      const response = await fetch(this.url(gateway.name, gateway.probe.http), { signal });
      const health = (await response.json()) as { audit?: { pending?: unknown } };
      return typeof health.audit?.pending === "number" ? health.audit.pending : undefined;
    } catch {
      signal.throwIfAborted();
      return undefined; // a gateway that is down has nothing left to write
    }
  }

  async #waitForQuiet(signal: AbortSignal): Promise<void> {
    for (let seen = -1; seen !== this.view().decisions.length; ) {
      seen = this.view().decisions.length;
      await this.clock.sleep(AUDIT_QUIET_MS, signal);
      await this.audit?.read();
    }
  }

  /** A service's JSON reply. @throws LabError naming the service and the path when it does not answer with JSON */
  async getJson(service: string, path: string, signal: AbortSignal): Promise<unknown> {
    try {
      const response = await fetch(this.url(service, path), { signal });
      return await response.json();
    } catch (error) {
      signal.throwIfAborted();
      throw new LabError("unreachable", `GET ${service}${path}: ${messageOf(error)}`, { cause: error });
    }
  }
}
