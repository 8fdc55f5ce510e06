import type { FaultJournal } from "../journal/fault-journal.ts";
import type { StackProgress } from "./backend.ts";
import type { RunTarget } from "./run-target.ts";
import type { RunningStack } from "./running-stack.ts";
import type { Stack } from "./stack-file.ts";

/** How the stack of a target came to be up: this lab had it up, someone else has, or it was brought up just now. */
export type OpenedAs = "kept" | "attached" | "brought up";

export type StackNews =
  | { is: "starting"; stack: Stack; progress?: StackProgress }
  | { is: "open"; running: RunningStack; openedAs: OpenedAs; tookMs: number }
  | { is: "stopping"; progress?: StackProgress }
  | { is: "down" };

/** The stack of a target, up, for as long as someone runs something on it. */
export class OpenStack {
  readonly target: RunTarget;
  readonly running: RunningStack;
  readonly openedAs: OpenedAs;
  readonly #faults: FaultJournal;
  readonly #withoutBefore: readonly string[];

  constructor(target: RunTarget, running: RunningStack, openedAs: OpenedAs, faults: FaultJournal) {
    this.target = target;
    this.running = running;
    this.openedAs = openedAs;
    this.#faults = faults;
    this.#withoutBefore = running.registered.without ?? [];
  }

  /** A stack that stays up is left as it was found, its protections included; any other is taken down. */
  async release(listen: (news: StackNews) => void = () => {}): Promise<void> {
    if (!this.running.registered.kept) return this.takeDown(listen);
    try {
      await this.running.setProtectionsOff(this.#withoutBefore, new AbortController().signal);
    } finally {
      await this.running.close();
    }
  }

  /** Ends every service of a stack of this lab's, also of one that was to stay up. Faults on it are to be undone before. */
  async takeDown(listen: (news: StackNews) => void = () => {}): Promise<void> {
    listen({ is: "stopping" });
    await this.running.down((progress) => listen({ is: "stopping", progress }));
    this.#faults.forget(this.running.registered.id);
    listen({ is: "down" });
  }
}
