import type { FaultJournal } from "../../journal/fault-journal.ts";
import { LabError } from "../../lab-error.ts";

/** What may begin in a lab that is to end one day, and what has begun and must be over before the lab lets go. */
export class Operations {
  readonly #journal: Pick<FaultJournal, "haltedSince">;
  readonly #closing = new AbortController();
  readonly #working = new Set<Promise<unknown>>();

  constructor(journal: Pick<FaultJournal, "haltedSince">) {
    this.#journal = journal;
  }

  /** Aborts with a LabError when the lab begins to end. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get isHalted(): boolean {
    return this.#journal.haltedSince() !== undefined;
  }

  /** @throws LabError while the lab is ending */
  assertOpen(): void {
    this.#closing.signal.throwIfAborted();
  }

  /** @throws LabError while the lab is halted or ending */
  assertArmed(): void {
    this.assertOpen();
    if (!this.isHalted) return;
    throw new LabError("precondition", "the lab is halted: nothing may be broken", { hint: "arm it again first" });
  }

  /** Work that changes the stack or writes of it: the end of the lab waits for it. */
  during<Value>(work: () => Promise<Value>): Promise<Value> {
    const working = work();
    this.#working.add(working);
    const done = () => void this.#working.delete(working);
    working.then(done, done);
    return working;
  }

  /** From now on nothing may begin. What is in force is still to be undone. */
  close(): void {
    this.#closing.abort(new LabError("busy", "the lab is ending"));
  }

  /** Resolves when all that has begun has ended, however, and what was begun meanwhile too. */
  async settled(): Promise<void> {
    while (this.#working.size > 0) await Promise.allSettled(this.#working);
  }
}
