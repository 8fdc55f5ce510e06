import { randomUUID } from "node:crypto";
import { BY_HAND_SCENARIO_ID } from "../../contract/runs.ts";
import type { Clock } from "../clock.ts";
import { emptyRunView, foldAll } from "../events/fold.ts";
import type { LabEvent } from "../events/lab-event.ts";
import { RunLog } from "../events/run-log.ts";
import { FaultWatch } from "../faults/fault-watch.ts";
import { FaultInjector } from "../faults/injector.ts";
import { ProxyWatch } from "../faults/proxy-watch.ts";
import type { History } from "../history/history.ts";
import type { FaultJournal, JournaledFault } from "../journal/fault-journal.ts";
import { messageOf } from "../lab-error.ts";
import { recordingOf } from "../redaction/run-recording.ts";
import { followEnds, noteMissingEnds } from "../scenarios/follow-ends.ts";
import type { Ending } from "../scenarios/run-stopped.ts";
import type { FaultSpec } from "../scenarios/schema.ts";
import { Watchers } from "../scenarios/watch-run.ts";
import type { RunningStack } from "../stack/running-stack.ts";
import type { StrayErrors } from "../stray-errors.ts";
import { AuditReader } from "../traces/audit-reader.ts";
import type { DecisionSource } from "../traces/decision-source.ts";
import { LAB_VERSION } from "../version.ts";

const UNDO_LIMIT_MS = 60_000;
const FILES = {
  scenarioTitle: "By hand",
  scenarioSource: "# What a person broke by hand, outside any scenario.\n",
};

export interface ByHandParts {
  stack: RunningStack;
  history: History;
  journal: FaultJournal;
  clock: Clock;
  listen: (event: LabEvent) => void;
  /** Errors of this process that nothing has awaited: the run then ends as `error`, with everything restored. */
  strays: StrayErrors;
  /** Told when the history could not be told of the run's end. */
  onUnrecorded: (error: unknown) => void;
  /** Records the run as it is, secrets and all; it can then not be exported. */
  keepRaw: boolean;
}

/**
 * What a person breaks, as a run like any other: it begins with the first fault and ends when the last is put back, so
 * that faults by hand are journaled, timed and undone as a scenario's are, and can be looked at later.
 */
export class ByHandRun {
  readonly runId: string;
  /** Resolves when the run has ended: to undefined once it is on disk, else to what kept it from being recorded. */
  readonly ended: Promise<unknown>;
  readonly #parts: ByHandParts;
  readonly #log: RunLog;
  readonly #faults: FaultInjector;
  readonly #finish = Promise.withResolvers<unknown>();
  #view = emptyRunView;
  #isWorking = 0;
  readonly #watchers = new Watchers();
  #failure: string | undefined;
  #isEnding = false;

  private constructor(parts: ByHandParts) {
    this.#parts = parts;
    const { stack, history, clock, journal } = parts;
    const environments = stack.stack.services.map(({ environment }) => environment);
    const { redact } = recordingOf({ ...FILES, environments }, parts.keepRaw);
    this.#log = new RunLog({ runId: randomUUID(), clock, record: (event) => history.record(event), redact });
    this.runId = this.#log.runId;
    this.ended = this.#finish.promise;
    this.#log.subscribe((event) => {
      this.#view = foldAll(this.#view, [event]);
    });
    this.#log.subscribe(parts.listen);
    this.#faults = new FaultInjector({ stack, journal, log: this.#log, clock });
  }

  static async begin(parts: ByHandParts): Promise<ByHandRun> {
    const run = new ByHandRun(parts);
    const { stack, history } = parts;
    history.begin({
      ...FILES,
      id: run.runId,
      scenarioId: BY_HAND_SCENARIO_ID,
      isRaw: parts.keepRaw,
      driver: stack.driver.kind,
      without: stack.protectionsOff(),
      startedWallMs: run.#log.startedWallMs,
    });
    run.#log.append({
      type: "run.started",
      scenario: { id: BY_HAND_SCENARIO_ID, title: FILES.scenarioTitle, patterns: [] },
      driver: stack.driver.kind,
      without: stack.protectionsOff(),
      services: stack.stack.services.map(({ name, role }) => ({ name, role })),
      labVersion: LAB_VERSION,
      ...(parts.keepRaw ? { raw: true } : {}),
    });
    run.#log.append({ type: "phase.started", phase: "method" });
    try {
      await run.#watch();
    } catch (error) {
      run.#failure = messageOf(error);
      run.#isEnding = true;
      await run.#end();
      throw error;
    }
    return run;
  }

  /** Faults that are in force, oldest first. */
  inForce(): readonly JournaledFault[] {
    return this.#faults.inForce();
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  apply(fault: FaultSpec, signal: AbortSignal): Promise<string> {
    return this.#during(() => this.#faults.apply(fault, signal));
  }

  undo(target: string): Promise<{ undone: number; residue: string[] }> {
    return this.#during(() => this.#faults.undo(target, AbortSignal.timeout(UNDO_LIMIT_MS)));
  }

  /**
   * Puts back what can be and ends the run, with residue if something could not. For when the lab ends. Never rejects: what
   * is left, and what kept the run from being recorded, is in what it resolves to.
   */
  async close(): Promise<{ residue: string[]; problem: unknown }> {
    const { residue } = await this.undo("all");
    if (!this.#isEnding) {
      this.#isEnding = true;
      void this.#end();
    }
    return { residue, problem: await this.ended };
  }

  /** The run is over once nothing of it is in force, by an undo or because the last fault has run out by itself. */
  async #during<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#isWorking++;
    try {
      return await work();
    } finally {
      this.#isWorking--;
      this.#endIfOver();
    }
  }

  #endIfOver(): void {
    if (this.#isEnding || this.#isWorking > 0 || this.inForce().length > 0) return;
    this.#isEnding = true;
    void this.#end();
  }

  /** Never rejects. */
  async #end(): Promise<void> {
    try {
      for (const message of await this.#watchers.close()) {
        this.#log.append({ type: "warning", code: "by-hand", message });
      }
      this.#log.append({ type: "run.ended", ...this.#ending() });
      this.#finish.resolve(undefined);
    } catch (error) {
      this.#parts.onUnrecorded(error);
      this.#finish.resolve(error);
    }
  }

  #ending(): Ending {
    const left = this.#view.faults.filter(({ result }) => result === "not restored").map(({ target }) => target);
    if (left.length > 0) return { outcome: "residue", reason: `not put back: ${left.join(", ")}` };
    if (this.#failure !== undefined) return { outcome: "error", reason: this.#failure };
    const ended = this.#view.warnings.filter(({ code }) => code === "fault-ended").map(({ message }) => message);
    if (ended.length > 0) return { outcome: "failed", reason: ended.join("; ") };
    return { outcome: "passed", reason: "everything that was broken by hand was put back" };
  }

  /** Nobody can tell any more whether what is shown of the run is so. */
  #fail(error: unknown): void {
    this.#failure ??= messageOf(error);
    void this.undo("all");
  }

  async #watch(): Promise<void> {
    const { stack, clock, strays } = this.#parts;
    const log = this.#log;
    const watchers = this.#watchers;
    watchers.add(strays.listen((error) => this.#fail(error)));
    watchers.add(stack.health.onFailure((error) => this.#fail(error)));
    for (const service of stack.health.services()) {
      const { status: to, reason, latencyMs } = stack.health.health(service);
      log.append({ type: "health.changed", service, from: "unknown", to, reason, latencyMs });
    }
    watchers.add(stack.health.onTransition((transition) => log.append({ type: "health.changed", ...transition })));
    const unsubscribe = log.subscribe((event) => {
      if (event.type === "fault.undone") setImmediate(() => this.#endIfOver());
    });
    watchers.add(unsubscribe);
    const [decisions, ends] = await Promise.all([this.#followAudit(), followEnds(stack, log, () => true)]);
    for (const table of [decisions, "reader" in ends ? ends.reader : undefined]) {
      watchers.add(async () => {
        await table?.read();
        await table?.close();
      });
    }
    noteMissingEnds(log, ends, decisions);
    const proxy = await ProxyWatch.start({
      stack,
      log,
      clock,
      isOurs: (id) => this.#view.faults.some(({ fault }) => fault === id),
      // Whoever has broken it, a person who tries things out has not asked for it to be mended.
      isBrokenByUs: () => true,
    });
    const faultWatch = FaultWatch.start({ stack, faults: this.#faults, clock });
    watchers.add(() => faultWatch.close());
    watchers.add(async () => {
      await proxy?.read();
      await proxy?.close();
    });
  }

  async #followAudit(): Promise<DecisionSource | undefined> {
    const { stack } = this.#parts;
    const log = this.#log;
    if (!stack.stack.services.some(({ role }) => role === "audit-log")) return undefined;
    const warn = (message: string) => void log.append({ type: "warning", code: "audit-log", message });
    try {
      const url = stack.endpoint("audit-log", "reading decisions");
      return await AuditReader.fromNow(url, (row) => void log.append({ type: "call.decided", ...row }), warn);
    } catch (error) {
      warn(`the audit log cannot be read, so no decisions are seen: ${messageOf(error)}`);
      return undefined;
    }
  }
}
