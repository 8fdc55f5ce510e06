/**
 * The ordered queue to the client for one exchange: bytes, waits, stalls and actions. The whole reply passes through it,
 * including its end, so that a delay never lets later data overtake earlier data.
 */
import type { Toxic } from "../toxics/toxic.ts";

type Step =
  | { kind: "bytes"; bytes: Buffer }
  | { kind: "wait"; ms: number; toxic: Toxic }
  | { kind: "stall"; toxic: Toxic }
  | { kind: "act"; act: () => void };

export class ReplyOutbox {
  readonly #send: (bytes: Buffer) => void;
  readonly #settle: () => void;
  #steps: Step[] = [];
  #held = 0;
  #timer: NodeJS.Timeout | undefined;
  #isWaiting = false;
  #isRunning = false;
  #isClosed = false;

  constructor(send: (bytes: Buffer) => void, settle: () => void) {
    this.#send = send;
    this.#settle = settle;
  }

  get held(): number {
    return this.#held;
  }

  bytes(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#isFree) {
      this.#send(bytes);
    } else {
      this.#held += bytes.length;
      this.#push({ kind: "bytes", bytes });
    }
  }

  wait(ms: number, toxic: Toxic): void {
    if (ms > 0) this.#push({ kind: "wait", ms, toxic });
  }

  /** Nothing more passes until the toxic is removed. */
  stall(toxic: Toxic): void {
    this.#push({ kind: "stall", toxic });
  }

  /** Runs the action after everything before it has been sent. */
  act(act: () => void): void {
    if (this.#isFree) act();
    else this.#push({ kind: "act", act });
  }

  /** The toxic was removed: what it delays or stalls continues now. */
  release(toxic: Toxic): void {
    const [current] = this.#steps;
    const isCurrent = this.#isWaiting && current !== undefined && "toxic" in current && current.toxic === toxic;
    this.#steps = this.#steps.filter((step) => !("toxic" in step && step.toxic === toxic));
    if (!isCurrent) return;
    clearTimeout(this.#timer);
    this.#isWaiting = false;
    this.#run();
  }

  /** Discards all steps; no further one is run. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#isClosed = true;
    this.#steps = [];
    this.#held = 0;
  }

  /** Whether no earlier step is pending. */
  get #isFree(): boolean {
    return this.#steps.length === 0 && !this.#isRunning && !this.#isClosed;
  }

  #push(step: Step): void {
    if (this.#isClosed) return;
    this.#steps.push(step);
    this.#run();
  }

  #run(): void {
    if (this.#isRunning || this.#isWaiting) return;
    this.#isRunning = true;
    let at = 0;
    for (; at < this.#steps.length && !this.#isWaiting; at += 1) {
      const step = this.#steps[at];
      if (step) this.#take(step);
    }
    // A waiting step stays first, so that it is found when its toxic is removed.
    this.#steps = this.#steps.slice(this.#isWaiting ? at - 1 : at);
    this.#isRunning = false;
    this.#settle();
  }

  #take(step: Step): void {
    if (step.kind === "bytes") {
      this.#held -= step.bytes.length;
      this.#send(step.bytes);
    } else if (step.kind === "act") {
      step.act();
    } else {
      this.#isWaiting = true;
      if (step.kind === "wait") this.#timer = setTimeout(() => this.release(step.toxic), step.ms);
    }
  }
}
