import { MANUAL_SCENARIO_ID } from "../../contract/runs.ts";
import { closes } from "../../model/catalogue/catalogue.ts";
import type { LabEvent, LabEventBody } from "../../model/lab-event.ts";
import { AbortScope, orAbort } from "../abort-scope.ts";
import type { FaultSpec } from "../faults/fault-spec.ts";
import type { FaultInjector } from "../faults/injector.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import type { Step } from "../scenarios/schema.ts";
import { settleDecisions } from "../scenarios/settle-decisions.ts";
import { runStep, type StepOutput } from "../scenarios/steps.ts";
import { MANUAL_POLICY } from "./run-policy.ts";
import { carryOut, type RunnerParts, type RunPlan, type RunResult } from "./runner.ts";

const UNDO_LIMIT_MS = 60_000;

export interface SessionParts extends RunnerParts {
  listen: (event: LabEvent) => void;
  /** Called when the end of the run could not be recorded. */
  onUnrecorded: (error: unknown) => void;
}

export type CallStep = Extract<Step, { call: string }>;
export type PromptStep = Pick<Extract<Step, { agent: string }>, "agent">;
type Undone = Awaited<ReturnType<FaultInjector["undo"]>>;

/**
 * Faults that a person applies manually, as a run whose method waits for requests: it starts with the first fault and ends
 * when none is in force any more. Existing damage is accepted.
 */
export class ManualSession {
  /** Resolves when the run has ended: to undefined once it is on disk, else to the error that kept it from being recorded. */
  readonly ended: Promise<unknown>;
  readonly #started = Promise.withResolvers<RunContext>();
  /** Aborts when requests are no longer accepted. */
  readonly #serving = new AbortController();
  readonly #over = Promise.withResolvers<void>();
  #context: RunContext | undefined;
  #working = 0;
  #steps = 0;

  private constructor({ listen, onUnrecorded, ...parts }: SessionParts) {
    const plan = planOf((context, signal) => this.#serve(context, signal));
    const never = new AbortController().signal;
    const running = carryOut(plan, { ...parts, acceptExisting: true }, never, listen);
    this.ended = running.then(
      (result) => void this.#started.reject(new LabError(...whyNotStarted(result))),
      (error: unknown) => {
        if (this.#context !== undefined) onUnrecorded(error);
        this.#started.reject(error);
        return error;
      },
    );
    this.#started.promise.catch(() => {});
  }

  /** @throws LabError when the run ends before its method: it could not be watched, or the stack could not be read */
  static async begin(parts: SessionParts): Promise<ManualSession> {
    const session = new ManualSession(parts);
    await session.#started.promise;
    return session;
  }

  get runId(): string {
    return this.#startedContext.log.runId;
  }

  /** True when no more requests are accepted: faults are being undone, or have been. */
  get isEnding(): boolean {
    return this.#serving.signal.aborted;
  }

  /** @param written the fault as a scenario would write it */
  apply(fault: FaultSpec, written: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string> {
    const step = { fault: written };
    return this.#during(() =>
      this.#logged(step, () => this.#whileServing(signal, (own) => this.#startedContext.faults.apply(fault, own))),
    );
  }

  undo(target: string): Promise<Undone> {
    const undo = () => this.#startedContext.faults.undo(target, AbortSignal.timeout(UNDO_LIMIT_MS));
    return this.#during(() => this.#logged({ undo: target }, undo));
  }

  /** Makes a call through the gateway, or asks the agent, as such a step does. */
  send(sent: CallStep | PromptStep, signal: AbortSignal): Promise<StepOutput> {
    const written = "call" in sent ? { call: sent.call, arguments: sent.arguments ?? {} } : { agent: sent.agent };
    return this.#during(() =>
      this.#logged(written, (number) =>
        this.#whileServing(signal, (own) => runStep(sent, this.#startedContext, own, number)),
      ),
    );
  }

  /** Logs a request as a step, so that the session can be saved as a scenario. */
  async #logged<Value>(
    written: Readonly<Record<string, unknown>>,
    work: (number: number) => Promise<Value>,
  ): Promise<Value> {
    const log = (body: LabEventBody) => {
      try {
        this.#startedContext.log.append(body);
      } catch {
        // What cannot be recorded keeps nothing from being undone; the run's end reports it.
      }
    };
    const number = ++this.#steps;
    const step = `step-${number}`;
    const [[kind = "", target]] = Object.entries(written) as [[string, unknown]];
    const label = typeof target === "string" ? `${kind} ${target}` : `${kind}: ${describeFault(target)}`;
    log({ type: "step.started", step, kind, label, background: false, written });
    try {
      const output = await work(number);
      log({ type: "step.ended", step, outcome: "ok", output });
      return output;
    } catch (error) {
      log({ type: "step.ended", step, outcome: "failed", error: messageOf(error) });
      throw error;
    }
  }

  async #whileServing<Value>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const scope = new AbortScope(signal);
    const end = () => scope.abort(this.#serving.signal.reason);
    this.#serving.signal.addEventListener("abort", end, { once: true });
    if (this.isEnding) end();
    try {
      return await work(scope.signal);
    } finally {
      this.#serving.signal.removeEventListener("abort", end);
      scope.end();
    }
  }

  /**
   * Undoes all faults and ends the run, with residue if something could not be undone. For when the lab ends. Never
   * rejects: resolves to the residue, and to the error that kept the run from being recorded.
   */
  async close(): Promise<{ residue: string[]; problem: unknown }> {
    const { residue } = await this.undo("all");
    this.#over.resolve();
    return { residue, problem: await this.ended };
  }

  get #startedContext(): RunContext {
    if (this.#context !== undefined) return this.#context;
    throw new LabError("internal", "the manual session has not started");
  }

  /** The method of the run. Over once nothing is in force, because of an undo or because the last fault has expired. */
  async #serve(context: RunContext, signal: AbortSignal): Promise<void> {
    this.#context = context;
    const forget = context.log.subscribe((event) => {
      if (closes(event, "fault")) this.#endIfOver();
    });
    this.#started.resolve(context);
    try {
      await orAbort(this.#over.promise, signal);
    } finally {
      this.#serving.abort(new LabError("busy", "the manual session has ended meanwhile", { hint: "try again" }));
      forget();
    }
    await settleDecisions(context, signal);
  }

  async #during<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      this.#endIfOver();
    }
  }

  #endIfOver(): void {
    if (this.#working === 0 && this.#startedContext.faults.inForce().length === 0) this.#over.resolve();
  }
}

/** `latency gateway->payments-mcp`: the first field of a fault names its kind and its target. */
function describeFault(fault: unknown): string {
  return Object.entries(fault as Record<string, unknown>)[0]?.join(" ") ?? "";
}

function planOf(method: RunPlan["method"]): RunPlan {
  return {
    scenario: {
      id: MANUAL_SCENARIO_ID,
      title: "Manual session",
      patterns: [],
      steadyState: [],
      method: [],
      expect: [],
    },
    source: "# Faults that a person applied manually, outside any scenario.\n",
    policy: MANUAL_POLICY,
    passedReason: "everything that was broken manually was restored",
    method,
  };
}

function whyNotStarted({ outcome, reason }: RunResult): [code: "precondition" | "internal", message: string] {
  return [outcome === "precondition" ? "precondition" : "internal", reason];
}
