import {
  type Damage,
  describeDamage,
  howToRestore,
  type Inspection,
  inspectDamage,
  isHarm,
  targetOf,
} from "../faults/existing-damage.ts";
import type { FaultJournal } from "../journal/fault-journal.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import type { RunPolicy } from "./run-policy.ts";

/** Which of the damage that is found counts. */
interface DamageRules extends Pick<RunPolicy, "countsOtherRuns"> {
  /** Existing damage is accepted: named in the log, and not residue at the end. */
  acceptsExisting: boolean;
}

/** Compares the real stack before and after one run: new damage is residue, whatever caused it. */
export class ResidueCheck {
  readonly #context: RunContext;
  readonly #journal: FaultJournal;
  readonly #rules: DamageRules;
  #found: Damage[] | undefined;

  constructor(context: RunContext, journal: FaultJournal, rules: DamageRules) {
    this.#context = context;
    this.#journal = journal;
    this.#rules = rules;
  }

  /** Reads the stack before anything is done. Resolves to the reason, with the next step, why the run must not start. */
  async before(): Promise<string | undefined> {
    const { damage, unread } = await this.#inspect();
    this.#found = damage;
    if (unread.length > 0) return `the stack could not be read before anything was broken: ${unread.join("; ")}`;
    const harm = damage.filter(isHarm).map(describeDamage);
    if (harm.length === 0) return undefined;
    if (!this.#rules.acceptsExisting) {
      const next = `${howToRestore(this.#context.stack)}, or accept it (run --accept-existing)`;
      return `the stack was broken before this run: ${harm.join("; ")}; ${next}`;
    }
    for (const each of harm) {
      const message = `accepted as it was found: ${each}`;
      this.#context.log.append({ type: "warning", code: "accepted-existing", message });
    }
    return undefined;
  }

  /** Whether a service was already broken, and so cannot be prepared for the run. */
  isBroken(service: string): boolean {
    return this.#found?.some((each) => targetOf(each) === service) ?? false;
  }

  /** Whether the run goes on with damage that was there before it. */
  get hasAccepted(): boolean {
    return this.#found?.some(isHarm) ?? false;
  }

  /** New damage after the rollback, with the next step, and what could not be read. */
  async after(): Promise<{ left: string[]; unread: string[] }> {
    // The run ended before the stack was read, and so has not changed it.
    if (this.#found === undefined) return { left: [], unread: [] };
    const { damage, unread } = await this.#inspect();
    const known = new Set(this.#found.map(describeDamage));
    const left = damage.map(describeDamage).filter((each) => !known.has(each));
    return {
      left: left.length > 0 ? [`left on the stack: ${left.join("; ")}; ${howToRestore(this.#context.stack)}`] : [],
      unread: unread.length > 0 ? [`what is left on the stack could not be read: ${unread.join("; ")}`] : [],
    };
  }

  async #inspect(): Promise<Inspection> {
    const { stack, log } = this.#context;
    const { damage, unread } = await inspectDamage(stack, () => this.#journal.open(stack.registered.id), log.runId);
    return { damage: this.#rules.countsOtherRuns ? damage : damage.filter(({ is }) => is !== "fault"), unread };
  }
}
