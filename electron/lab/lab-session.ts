import type { BatchPlace } from "../contract/runs.ts";
import type { LabEvent } from "../model/lab-event.ts";
import { systemClock } from "./clock.ts";
import type { FaultSpec } from "./faults/fault-spec.ts";
import { applyStanding } from "./faults/standing-fault.ts";
import { type UndoParts, undoOpenFaults } from "./faults/undo-open-faults.ts";
import type { RunStore } from "./history/run-store.ts";
import type { FaultJournal, OpenFault } from "./journal/fault-journal.ts";
import { LabError, messageOf } from "./lab-error.ts";
import type { Recovered } from "./recovery.ts";
import { type RestoredStack, restoreStacks } from "./restore-stacks.ts";
import type { Pace } from "./runs/pace.ts";
import type { RunResult } from "./runs/runner.ts";
import type { LoadedScenario } from "./scenarios/load.ts";
import type { OpenStack } from "./stacks/open-stack.ts";
import type { RunConditions } from "./stacks/run-target.ts";
import type { RunningStack } from "./stacks/running-stack.ts";
import { Stacks } from "./stacks/stacks.ts";
import type { StrayErrors } from "./stray-errors.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";
import { LAB_VERSION } from "./version.ts";

const UNDO_LIMIT_MS = 60_000;

/** How a run is recorded, and under which conditions it runs. */
interface RunOptions extends RunConditions {
  /** Records the run unredacted, including secrets; it can then not be exported. */
  keepRaw: boolean;
  /** Waits before its steps; absent: it does not wait. */
  pace?: Pace | undefined;
  /** Whether a person watches, who can be asked to decide. */
  isAttended?: boolean;
  /** Which of the runs that were requested together it is; absent for one alone. */
  batch?: BatchPlace | undefined;
  signal: AbortSignal;
  listen: (event: LabEvent) => void;
}

/** What a session uses of its lab. */
interface SessionLab {
  history: RunStore;
  strays: StrayErrors;
}

/** A lab that has locked its data folder: the only one that may change a stack. */
export class LabSession {
  readonly recovered: readonly Recovered[];
  /** Number of runs that an earlier lab died in. */
  readonly interrupted: number;
  readonly stacks: Stacks;
  readonly telemetry: Telemetry;
  readonly #lab: SessionLab;
  readonly #parts: UndoParts;
  readonly #faults: FaultJournal;
  #leavesFaults = false;

  constructor(
    lab: SessionLab,
    parts: UndoParts,
    telemetry: Telemetry,
    found: { recovered: readonly Recovered[]; interrupted: number },
  ) {
    this.#lab = lab;
    this.#parts = parts;
    this.#faults = parts.faults;
    this.telemetry = telemetry;
    this.stacks = new Stacks({ ...parts, telemetry });
    this.recovered = found.recovered;
    this.interrupted = found.interrupted;
  }

  /** Whether a fault that this session applied outlives it. */
  get leavesFaults(): boolean {
    return this.#leavesFaults;
  }

  /**
   * Applies a fault that stays in force after this session, until it is restored or expires.
   * @throws LabError when it cannot be applied; it is then undone
   */
  async break(spec: FaultSpec, running: RunningStack): ReturnType<typeof applyStanding> {
    this.#leavesFaults = true;
    try {
      return await applyStanding(spec, running, this.#faults);
    } catch (error) {
      const limit = AbortSignal.timeout(UNDO_LIMIT_MS);
      // One that was only intended may be half applied.
      const isHalfApplied = ({ isApplied }: OpenFault) => !isApplied;
      const undone = await undoOpenFaults(running.registered, this.#parts, "latest first", limit, isHalfApplied);
      const left = undone.find(({ result }) => result === "not restored");
      if (left === undefined) throw error;
      throw new LabError("residue", `${messageOf(error)}; and not restored: ${left.detail}`, {
        hint: "try `resilience-lab restore`; the next start of the lab tries again too",
        cause: error,
      });
    }
  }

  /** {@link restoreStacks}. */
  restore(target: string | undefined, signal: AbortSignal, project?: string): Promise<RestoredStack[]> {
    return restoreStacks({ ...this.#parts, stacks: this.stacks }, { target, project }, signal);
  }

  /** Switches the protections that a run requests, and runs its scenario. They stay switched for the next run. */
  async run(loaded: LoadedScenario, { running }: OpenStack, options: RunOptions): Promise<RunResult> {
    const { without, acceptExisting, keepRaw, pace, isAttended, batch, signal, listen } = options;
    await running.setProtectionsOff(without, signal);
    const parts = {
      acceptExisting,
      keepRaw,
      ...{ pace, isAttended, batch },
      stack: running,
      history: this.#lab.history,
      journal: this.#faults,
      clock: systemClock,
      labVersion: LAB_VERSION,
      strays: this.#lab.strays,
      telemetry: this.telemetry,
    };
    // A third of what a start of the lab loads, and only a run needs it.
    const { runScenario } = await import("./runs/runner.ts");
    return runScenario(loaded, parts, signal, listen);
  }
}
