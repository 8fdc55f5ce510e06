/**
 * One turn of a session at a time, in order of arrival. A turn has no explicit end: it ends when a call of another turn is
 * waiting and none of its own is in progress. Within a turn reads run concurrently, a write waits for the reads before it
 * and runs alone, and reads after a waiting write wait for it.
 *
 * An abandoned turn with a call in progress is released after `lockTtlMs`, unless it waits for an approval.
 */
import type { Access } from "../policy/policy.ts";

export interface TurnOptions {
  lockTtlMs: number;
  lockWaitMs: number;
  /** Called with a turn that was released because its lock expired. */
  onAbandoned?: (turnId: string) => void;
}

export interface Slot {
  /** Number of this call among the turn's calls that got a slot, from 1. */
  readonly ordinal: number;
  /** Keeps the turn's lock from expiring until the returned function is called. */
  extend(): () => void;
  release(): void;
}

/** Another turn had the session for longer than a call may wait. */
export class TurnLockTimeout extends Error {
  override readonly name = "TurnLockTimeout";
}

interface Waiter {
  /** Changes if the turn that it waits in is released by timeout. */
  turn: Turn;
  access: Access;
  /** Runs while another turn has the session. */
  timer: NodeJS.Timeout | undefined;
  started: boolean;
  start: () => void;
}

interface Turn {
  id: string;
  anonymous: boolean;
  waiting: Waiter[];
  reading: number;
  writing: boolean;
  extensions: number;
  leaseEndsAt: number;
}

const rememberedTurns = 1_000;

export class SessionTurns {
  readonly #options: TurnOptions;
  readonly #queue: Turn[] = [];
  #current: Turn | undefined;
  #leaseTimer: NodeJS.Timeout | undefined;
  /** Number of calls by turn, kept after the turn ends, so that a resumed turn keeps its count. */
  readonly #calls = new Map<string, number>();

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /**
   * Acquires a slot in the turn. `anonymous` turns are not counted beyond this call. Rejects with TurnLockTimeout, or with
   * the signal's reason if the caller leaves first.
   */
  acquire(turnId: string, anonymous: boolean, access: Access, signal: AbortSignal): Promise<Slot> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const turn = this.#join(turnId, anonymous);
      const giveUp = (reason: unknown): void => {
        clearTimeout(waiter.timer);
        signal.removeEventListener("abort", onAbort);
        this.#withdraw(waiter);
        reject(reason);
      };
      const onAbort = (): void => giveUp(signal.reason);
      const waiter: Waiter = {
        turn,
        access,
        timer: undefined,
        started: false,
        start: () => {
          waiter.started = true;
          clearTimeout(waiter.timer);
          signal.removeEventListener("abort", onAbort);
          resolve(this.#slot(waiter.turn, access));
        },
      };
      turn.waiting.push(waiter);
      if (turn === this.#current) this.#pump(turn);
      if (waiter.started) return;
      signal.addEventListener("abort", onAbort, { once: true });
      if (turn === this.#current) return;
      // The wait is limited only for other turns: calls of the same turn are bounded by the upstream deadline.
      const onTimeout = (): void => giveUp(new TurnLockTimeout("another turn has the session"));
      waiter.timer = setTimeout(onTimeout, this.#options.lockWaitMs);
      this.#watchLease();
    });
  }

  #join(id: string, anonymous: boolean): Turn {
    if (this.#current?.id === id) return this.#current;
    const waiting = this.#queue.find((turn) => turn.id === id);
    if (waiting) return waiting;
    const turn = newTurn(id, anonymous);
    if (this.#current && !isIdle(this.#current)) this.#queue.push(turn);
    else this.#current = turn;
    return turn;
  }

  #pump(turn: Turn): void {
    for (let next = turn.waiting[0]; next; next = turn.waiting[0]) {
      if (turn.writing || (next.access === "write" && turn.reading > 0)) return;
      turn.waiting.shift();
      if (next.access === "write") turn.writing = true;
      else turn.reading += 1;
      next.start();
    }
  }

  #slot(turn: Turn, access: Access): Slot {
    this.#renewLease(turn);
    let released = false;
    return {
      ordinal: this.#count(turn),
      extend: () => {
        turn.extensions += 1;
        return () => {
          turn.extensions -= 1;
          this.#renewLease(turn);
        };
      },
      release: () => {
        if (released) return;
        released = true;
        if (access === "write") turn.writing = false;
        else turn.reading -= 1;
        this.#pump(turn);
        this.#endIfOver(turn);
      },
    };
  }

  #count(turn: Turn): number {
    if (turn.anonymous) return 1;
    const ordinal = (this.#calls.get(turn.id) ?? 0) + 1;
    this.#calls.delete(turn.id);
    this.#calls.set(turn.id, ordinal);
    if (this.#calls.size > rememberedTurns) this.#calls.delete(this.#calls.keys().next().value ?? "");
    return ordinal;
  }

  #withdraw(waiter: Waiter): void {
    const { turn } = waiter;
    turn.waiting = turn.waiting.filter((other) => other !== waiter);
    if (turn === this.#current) {
      this.#pump(turn);
      this.#endIfOver(turn);
    } else if (turn.waiting.length === 0) {
      this.#leaveQueue(turn);
    }
  }

  #leaveQueue(turn: Turn): void {
    const index = this.#queue.indexOf(turn);
    if (index >= 0) this.#queue.splice(index, 1);
  }

  #endIfOver(turn: Turn): void {
    if (turn === this.#current && isIdle(turn) && this.#queue.length > 0) this.#advance();
  }

  #advance(): void {
    this.#current = this.#queue.shift();
    if (this.#current) {
      for (const waiter of this.#current.waiting) clearTimeout(waiter.timer);
      this.#pump(this.#current);
    }
    if (this.#queue.length > 0) this.#watchLease();
  }

  /** Calls in progress continue without blocking other turns. Waiting calls are queued again. */
  #free(turn: Turn): void {
    this.#options.onAbandoned?.(turn.id);
    if (turn.waiting.length > 0) {
      const again = newTurn(turn.id, turn.anonymous);
      again.waiting = turn.waiting.splice(0);
      for (const waiter of again.waiting) waiter.turn = again;
      this.#queue.push(again);
    }
    this.#advance();
  }

  #renewLease(turn: Turn): void {
    turn.leaseEndsAt = performance.now() + this.#options.lockTtlMs;
  }

  /** One timer, only while a call is waiting. */
  #watchLease(): void {
    if (this.#leaseTimer) return;
    const watched = this.#current;
    const remainingMs = Math.max(1, (watched?.leaseEndsAt ?? 0) - performance.now());
    this.#leaseTimer = setTimeout(() => {
      this.#leaseTimer = undefined;
      if (watched && watched === this.#current && isLeft(watched) && this.#queue.length > 0) {
        this.#free(watched);
      } else if (this.#queue.length > 0) {
        if (watched && watched.extensions > 0) this.#renewLease(watched);
        this.#watchLease();
      }
    }, remainingMs);
    this.#leaseTimer.unref();
  }
}

function newTurn(id: string, anonymous: boolean): Turn {
  return { id, anonymous, waiting: [], reading: 0, writing: false, extensions: 0, leaseEndsAt: 0 };
}

function isIdle(turn: Turn): boolean {
  return turn.reading === 0 && !turn.writing && turn.waiting.length === 0;
}

function isLeft(turn: Turn): boolean {
  return turn.extensions === 0 && performance.now() >= turn.leaseEndsAt;
}
