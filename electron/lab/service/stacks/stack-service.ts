import type { StackStatus } from "../../../contract/stack.ts";
import type { JournaledFault } from "../../journal/fault-journal.ts";
import { LabError } from "../../lab-error.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import type { Operations } from "../operations/operations.ts";
import type { StackController } from "./stack-controller.ts";

/** What the stack is used for at this moment. */
export interface StackUse {
  /** A run is in progress or waits. */
  isBusy: () => boolean;
  /** The manual session, while its faults are in force. */
  manualRunId: () => string | null;
  /** Undoes manual faults before the stack is taken down. */
  undoManual: () => Promise<unknown>;
}

/** The lab's stack, as a person brings it up, looks at it and takes it down. */
export class StackService {
  readonly #controller: StackController;
  readonly #operations: Operations;
  readonly #use: StackUse;

  constructor(controller: StackController, operations: Operations, use: StackUse) {
    this.#controller = controller;
    this.#operations = operations;
    this.#use = use;
  }

  /** The stack if it is up. */
  get running(): RunningStack | undefined {
    return this.#controller.running;
  }

  /** What is being started, in a few words; empty when nothing is. */
  get activity(): string {
    return this.#controller.activity;
  }

  /** Faults in force on the stack, of whatever run, by the journal. */
  faults(): JournaledFault[] {
    return this.#controller.faults();
  }

  up(): Promise<StackStatus> {
    return this.#operations.during(async () => {
      this.#operations.assertOpen();
      await this.#controller.up();
      return this.status();
    });
  }

  /** Goes on to its end also when the lab is closed meanwhile. */
  down(): Promise<StackStatus> {
    return this.#operations.during(() => this.#down());
  }

  async #down(): Promise<StackStatus> {
    this.#operations.assertOpen();
    if (this.#use.isBusy()) {
      throw new LabError("busy", "a run is in progress and needs the stack", {
        hint: "cancel it first, or wait for its end",
      });
    }
    await this.#use.undoManual();
    await this.#controller.down();
    return this.status();
  }

  status(): Promise<StackStatus> {
    return this.#controller.status(this.#use.manualRunId(), this.#use.isBusy());
  }
}
