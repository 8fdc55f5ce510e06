import { MANUAL_SCENARIO_ID } from "../../contract/runs.ts";
import { closes } from "../../model/catalogue/catalogue.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { AbortScope, orAbort } from "../abort-scope.ts";
import type { FaultSpec } from "../faults/fault-spec.ts";
import type { FaultInjector } from "../faults/injector.ts";
import { LabError } from "../lab-error.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import { settleDecisions } from "../scenarios/settle-decisions.ts";
import { MANUAL_POLICY } from "./run-policy.ts";
import { carryOut, type RunnerParts, type RunPlan, type RunResult } from "./runner.ts";

const UNDO_LIMIT_MS = 60_000;

export interface SessionParts extends RunnerParts {
  listen: (event: LabEvent) => void;
  /** Told when the history could not be told of the run's end. */
  onUnrecorded: (error: unknown) => void;
}

type Undone = Awaited<ReturnType<FaultInjector["undo"]>>;

/**
 * What a person breaks, as a run like any other whose method waits for requests: it begins with the first fault and ends
 * when none is in force any more. Damage that is there before it is taken as given.
 */
export class ManualSession {
  /** Resolves when the run has ended: to undefined once it is on disk, else to what kept it from being recorded. */
  readonly ended: Promise<unknown>;
  readonly #begun = Promise.withResolvers<RunContext>();
  /** Aborts when requests are no longer taken. */
  readonly #serving = new AbortController();
  readonly #over = Promise.withResolvers<void>();
  #context: RunContext | undefined;
  #working = 0;

  private constructor({ listen, onUnrecorded, ...parts }: SessionParts) {
    const plan = planOf((context, signal) => this.#serve(context, signal));
    const never = new AbortController().signal;
    const running = carryOut(plan, { ...parts, acceptExisting: true }, never, listen);
    this.ended = running.then(
      (result) => void this.#begun.reject(new LabError(...whyNotBegun(result))),
      (error: unknown) => {
        if (this.#context !== undefined) onUnrecorded(error);
        this.#begun.reject(error);
        return error;
      },
    );
    this.#begun.promise.catch(() => {});
  }

  /** @throws LabError when the run ends before its method: it could not be watched, or the stack not be read */
  static async begin(parts: SessionParts): Promise<ManualSession> {
    const session = new ManualSession(parts);
    await session.#begun.promise;
    return session;
  }

  get runId(): string {
    return this.#begunContext.log.runId;
  }

  /** No requests are taken any more: what is in force is being undone, or all of it has been. */
  get isEnding(): boolean {
    return this.#serving.signal.aborted;
  }

  apply(fault: FaultSpec, signal: AbortSignal): Promise<string> {
    return this.#during(async () => {
      const scope = new AbortScope(signal);
      const end = () => scope.abort(this.#serving.signal.reason);
      this.#serving.signal.addEventListener("abort", end, { once: true });
      if (this.isEnding) end();
      try {
        return await this.#begunContext.faults.apply(fault, scope.signal);
      } finally {
        this.#serving.signal.removeEventListener("abort", end);
        scope.end();
      }
    });
  }

  undo(target: string): Promise<Undone> {
    return this.#during(() => this.#begunContext.faults.undo(target, AbortSignal.timeout(UNDO_LIMIT_MS)));
  }

  /**
   * Restores what can be and ends the run, with residue if something could not. For when the lab ends. Never rejects: what
   * is left, and what kept the run from being recorded, is in what it resolves to.
   */
  async close(): Promise<{ residue: string[]; problem: unknown }> {
    const { residue } = await this.undo("all");
    this.#over.resolve();
    return { residue, problem: await this.ended };
  }

  get #begunContext(): RunContext {
    if (this.#context !== undefined) return this.#context;
    throw new LabError("internal", "the manual session has not begun");
  }

  /** The method of the run. It is over once nothing is in force, by an undo or because the last fault has run out. */
  async #serve(context: RunContext, signal: AbortSignal): Promise<void> {
    this.#context = context;
    const forget = context.log.subscribe((event) => {
      if (closes(event, "fault")) this.#endIfOver();
    });
    this.#begun.resolve(context);
    try {
      await orAbort(this.#over.promise, signal);
    } finally {
      this.#serving.abort(new LabError("busy", "the manual session has ended meanwhile", { cure: "try again" }));
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
    if (this.#working === 0 && this.#begunContext.faults.inForce().length === 0) this.#over.resolve();
  }
}

function planOf(method: RunPlan["method"]): RunPlan {
  return {
    scenario: { id: MANUAL_SCENARIO_ID, title: "By hand", patterns: [], steadyState: [], method: [], expect: [] },
    source: "# What a person broke by hand, outside any scenario.\n",
    policy: MANUAL_POLICY,
    green: "everything that was broken by hand was put back",
    method,
  };
}

function whyNotBegun({ outcome, reason }: RunResult): [code: "precondition" | "internal", message: string] {
  return [outcome === "precondition" ? "precondition" : "internal", reason];
}
