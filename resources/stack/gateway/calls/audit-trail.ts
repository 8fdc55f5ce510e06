/** The decisions on one call, written as they are taken. */
import type { AuditEntry, Decision } from "../audit/entry.ts";
import type { Spool } from "../audit/spool.ts";
import { storableJson } from "../audit/storable.ts";

type Known = Omit<AuditEntry, "arguments" | "decision" | "reason" | "decidedAt" | "durationMs">;

export class AuditTrail {
  readonly #spool: Pick<Spool<AuditEntry>, "add">;
  readonly #known: Known;
  readonly #arrivedAtMs: number;
  #arguments: string;
  #last: Decision | undefined;

  /** `arrivedAtMs` by performance.now(). */
  constructor(spool: Pick<Spool<AuditEntry>, "add">, known: Known, toolArguments: unknown, arrivedAtMs: number) {
    this.#spool = spool;
    this.#known = known;
    this.#arrivedAtMs = arrivedAtMs;
    this.#arguments = storableJson(toolArguments);
  }

  get last(): Decision | undefined {
    return this.#last;
  }

  get durationMs(): number {
    return performance.now() - this.#arrivedAtMs;
  }

  /** Replaces the arguments for later decisions. */
  replaceArguments(toolArguments: unknown): void {
    this.#arguments = storableJson(toolArguments);
  }

  /** Resolves once the decision is on disk: it takes effect, and the call is answered, only afterwards. */
  async add(decision: Decision, reason: string): Promise<void> {
    this.#last = decision;
    await this.#spool.add({
      ...this.#known,
      arguments: this.#arguments,
      decision,
      reason,
      decidedAt: new Date(),
      durationMs: this.durationMs,
    });
  }
}
