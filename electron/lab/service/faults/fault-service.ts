import type { UndoReport } from "../../../contract/faults.ts";
import type { FaultRequest } from "../../../contract/stack.ts";
import type { LabEvent } from "../../../model/lab-event.ts";
import { within } from "../../abort-scope.ts";
import { systemClock } from "../../clock.ts";
import { targetOf } from "../../faults/existing-damage.ts";
import { restoreDamage } from "../../faults/restore-damage.ts";
import { retargeting, undoFault } from "../../faults/undo.ts";
import { openLinksFirst } from "../../faults/undo-open-faults.ts";
import type { UndoTarget } from "../../faults/undo-target.ts";
import type { RunStore } from "../../history/run-store.ts";
import type { FaultJournal } from "../../journal/fault-journal.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import { type CallStep, ManualSession, type PromptStep } from "../../runs/manual-session.ts";
import type { StepOutput } from "../../scenarios/steps.ts";
import { serviceNamed } from "../../stacks/stack-file.ts";
import type { StrayErrors } from "../../stray-errors.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import { LAB_VERSION } from "../../version.ts";
import type { Operations } from "../operations/operations.ts";
import type { RunService } from "../runs/run-service.ts";
import type { ImageBuilds } from "../stacks/image-builds.ts";
import type { LinkListener } from "../stacks/link-listener.ts";
import type { StackController } from "../stacks/stack-controller.ts";
import type { RunFeeds } from "../streams/run-feeds.ts";
import { toFault } from "./fault-request.ts";

const APPLY_LIMIT_MS = 60_000;
const UNDO_LIMIT_MS = 60_000;
const START_LIMIT_MS = 45_000;
/** Longer than a person waits for an approval that somebody may give meanwhile. */
const CALL_LIMIT_MS = 6 * 60_000;

export interface FaultServiceParts {
  operations: Operations;
  store: RunStore;
  strays: StrayErrors;
  journal: FaultJournal;
  stack: StackController;
  runs: Pick<RunService, "isBusy" | "runningRunId" | "stop" | "pauseChanged">;
  listener: Pick<LinkListener, "runId" | "stop">;
  feeds: RunFeeds;
  builds: Pick<ImageBuilds, "forLinks">;
  /** Called with every event of manual sessions. */
  listen: (event: LabEvent) => void;
  /** Whether a run that begins now is to be recorded raw. */
  keepsRaw: () => boolean;
  onChange: () => void;
  /** A manual session has ended, whether it could be recorded or not. */
  onEnded: () => void;
  notify: (notice: string) => void;
  telemetry: Telemetry;
}

/** Faults that a person applies and undoes, and the way to stop all of them. */
export class FaultService {
  readonly #parts: FaultServiceParts;
  #manual: ManualSession | undefined;
  #beginning: Promise<ManualSession> | undefined;

  constructor(parts: FaultServiceParts) {
    this.#parts = parts;
  }

  /** The manual session, while its faults are in force. */
  get runId(): string | null {
    return this.#manual?.runId ?? null;
  }

  get isHalted(): boolean {
    return this.#parts.operations.isHalted;
  }

  /** Applies a manual fault. */
  apply(request: FaultRequest): Promise<{ runId: string; message: string }> {
    return this.#parts.operations.during(() => this.#apply(request));
  }

  async #apply(request: FaultRequest): Promise<{ runId: string; message: string }> {
    this.#parts.operations.assertArmed();
    const running = this.#parts.stack.running;
    if (running === undefined) {
      throw new LabError("precondition", "no stack is up, so there is nothing to break", { hint: "bring it up first" });
    }
    const { fault, written } = toFault(request, running.stack, running.driver.kind);
    await this.#parts.builds.forLinks(running, [request.target], this.#parts.operations.closing);
    let manual = await this.#openManual();
    // It may have come to its end in the very moment that it was found.
    while (manual.isEnding) manual = await this.#openManual();
    const { runId } = manual;
    const message = await within(this.#parts.operations.closing, APPLY_LIMIT_MS, (limited) =>
      manual.apply(fault, written, limited),
    );
    this.#changed();
    return { runId, message };
  }

  /**
   * Makes a call through the gateway, or asks the agent: as a step of the manual session while there is one (`runId`), else
   * recorded nowhere.
   */
  async send(
    sent: CallStep | PromptStep,
    unrecorded: () => Promise<StepOutput>,
  ): Promise<{ output: StepOutput; runId: string | null }> {
    const manual = this.#manual;
    if (manual === undefined || manual.isEnding) return { output: await unrecorded(), runId: null };
    const output = await within(this.#parts.operations.closing, CALL_LIMIT_MS, (limit) => manual.send(sent, limit));
    return { output, runId: manual.runId };
  }

  /**
   * Undoes manual faults on a target, or all of them, what an ended run left behind, and while no run is in progress
   * what someone else has broken. What a run that is on has broken is its own business.
   */
  undo(target: string): Promise<UndoReport> {
    return this.#parts.operations.during(() => this.#undo(target));
  }

  async #undo(target: string): Promise<UndoReport> {
    const running = this.#parts.stack.running;
    if (running === undefined) return { undone: 0, residue: [] };
    const isWanted = (fault: { target: string }) => target === "all" || fault.target === target;
    const journaled = this.#parts.stack.faults().filter(isWanted);
    const ofRun = journaled.filter(({ runId }) => runId === this.#parts.runs.runningRunId);
    if (ofRun.length > 0 && ofRun.length === journaled.length) {
      const what = target === "all" ? "every fault in force" : `the fault on ${target}`;
      throw new LabError("busy", `${what} belongs to the run that is on, which undoes it at its end`, {
        hint: "cancel the run, or halt the lab, to have it undone now",
      });
    }
    // It may have ended by the time that it has undone everything.
    const session = this.#manual;
    const report = (await session?.undo(target)) ?? { undone: 0, residue: [] };
    const ours = session?.runId;
    const others = [ours, this.#parts.runs.runningRunId, this.#parts.listener.runId];
    const left = journaled.filter(({ runId }) => !others.includes(runId));
    for (const fault of left) {
      const waitUntilUp: UndoTarget["waitUntilUp"] = (service, limit, accepts) =>
        running.health.waitUntil(service, accepts, limit);
      const { driver } = running;
      const { result, detail } = await undoFault(
        fault,
        { driver, waitUntilUp, ...retargeting(this.#parts.journal, () => left) },
        AbortSignal.timeout(UNDO_LIMIT_MS),
      );
      const problem = this.#parts.journal.tryClose(fault.id, result);
      if (result === "not restored") report.residue.push(detail);
      if (problem !== undefined) report.residue.push(`${fault.target}: ${problem}`);
      report.undone++;
    }
    if (!this.#parts.runs.isBusy) {
      const damage = (await this.#parts.stack.inspect(running)).filter((each) => isWanted({ target: targetOf(each) }));
      for (const { what, problem } of await restoreDamage(damage, running, AbortSignal.timeout(UNDO_LIMIT_MS))) {
        if (problem !== undefined) report.residue.push(`${what}: ${problem}`);
        report.undone++;
      }
    }
    this.#changed();
    return report;
  }

  /** Starts a service that is down though nothing of ours holds it down. */
  startService(name: string): Promise<void> {
    return this.#parts.operations.during(() => this.#startService(name));
  }

  async #startService(name: string): Promise<void> {
    this.#parts.operations.assertOpen();
    const running = this.#parts.stack.running;
    if (running === undefined) throw new LabError("precondition", "no stack is up", { hint: "bring it up first" });
    const service = serviceNamed(running.stack, name);
    if (this.#parts.stack.faults().some((fault) => fault.target === service.name)) {
      throw new LabError("precondition", `a fault is in force on ${name}`, { hint: "undo the fault instead" });
    }
    await within(this.#parts.operations.closing, START_LIMIT_MS, (limited) =>
      running.startAndWait(service.name, limited),
    );
    this.#changed();
  }

  /**
   * Ends every run, undoes every fault and refuses new ones, by whatever process, until {@link arm}. Links are opened
   * first; services are restored by the runs that broke them, since nobody else knows them as well, and what is left after
   * that from the journal.
   */
  halt(): Promise<UndoReport> {
    return this.#parts.operations.during(() => this.#halt());
  }

  async #halt(): Promise<UndoReport> {
    const before = this.#parts.stack.faults().length;
    const problem = this.#parts.journal.tryHalt(systemClock.wallMs());
    this.#changed();
    const { running } = this.#parts.stack;
    if (running !== undefined) await openLinksFirst(running.registered.id, this.#parts.journal);
    await this.#parts.runs.stop();
    const stillRead = await this.#parts.listener.stop().then(
      () => [],
      (error: unknown) => [messageOf(error)],
    );
    const residue = [...stillRead, ...(await this.#undo("all")).residue];
    const undone = before - this.#parts.stack.faults().length;
    return { undone, residue: problem === undefined ? residue : [...residue, problem] };
  }

  arm(): void {
    this.#parts.journal.arm();
    this.#changed();
  }

  #changed(): void {
    this.#parts.onChange();
    this.#parts.runs.pauseChanged();
  }

  /** One manual session at a time; the next starts when the last has ended. */
  async #openManual(): Promise<ManualSession> {
    if (this.#manual?.isEnding) await this.#manual.ended;
    if (this.#manual !== undefined) return this.#manual;
    this.#beginning ??= this.#beginManual().finally(() => {
      this.#beginning = undefined;
    });
    return this.#beginning;
  }

  async #beginManual(): Promise<ManualSession> {
    const stack = this.#parts.stack.running;
    if (stack === undefined) throw new LabError("precondition", "no stack is up", { hint: "bring it up first" });
    const { store, strays, journal, feeds, listen, keepsRaw, notify, telemetry } = this.#parts;
    store.assertWritable();
    const run = await ManualSession.begin({
      stack,
      history: store,
      journal,
      clock: systemClock,
      labVersion: LAB_VERSION,
      listen,
      strays,
      telemetry,
      onUnrecorded: (error) => notify(`the manual session is not in the history: ${messageOf(error)}`),
      keepRaw: keepsRaw(),
    });
    this.#manual = run;
    void run.ended.then(() => {
      this.#manual = undefined;
      feeds.abandon(run.runId);
      this.#parts.runs.pauseChanged();
      this.#parts.onEnded();
    });
    return run;
  }

  /** Undoes manual faults and ends their session, see {@link ManualSession.close}. For when the stack goes down, or the lab ends. */
  async restoreOriginal(): Promise<{ residue: string[]; problem: unknown }> {
    // Whoever asked for it is told why it could not begin.
    await this.#beginning?.catch(() => {});
    return (await this.#manual?.close()) ?? { residue: [], problem: undefined };
  }
}
