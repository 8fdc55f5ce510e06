import type { UndoResult } from "../../model/lab-event.ts";
import { onFileChange } from "../file-changes.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { Baseline } from "./baseline.ts";
import type { Journal } from "./journal.ts";
import type { ServiceIdentity } from "./service-identity.ts";

/** What a fault was done to, so that its undo can never hit another thing of the same name. */
export type FaultIdentity =
  /** `wasPaused`: it was paused before the fault, and is paused again by the undo. */
  | (ServiceIdentity & { wasPaused?: true })
  /**
   * A toxic that carries the fault's id, on a link of the proxy whose API is at `api` and which runs as `service`. Its
   * token is written down by name.
   */
  | { kind: "link"; api: string; service: string; token?: string };

export interface JournaledFault {
  id: string;
  runId: string;
  stackId: string;
  kind: string;
  /** A service, or a link by its name. */
  target: string;
  identity: FaultIdentity;
  undo: string;
  /** What was true of a service before, where more than its own state is lost with it. */
  before?: Baseline;
  intendedWallMs: number;
  expiresWallMs: number;
}

/** A fault that is not known to be undone. */
export interface OpenFault extends JournaledFault {
  /** False when it was written down and whether it was then applied is unknown: it may be, at this moment. */
  isApplied: boolean;
}

interface FaultRow {
  id: string;
  run_id: string;
  stack_id: string;
  kind: string;
  target: string;
  identity: string;
  undo: string;
  before: string | null;
  state: "intended" | "applied" | "closed";
  intended_wall_ms: number;
  expires_wall_ms: number;
}

/** No fault is applied before its row is on disk, and none is forgotten before its undo was verified. */
export class FaultJournal {
  readonly #database: Journal["database"];
  readonly #secrets: Journal["secrets"];

  constructor(journal: Journal) {
    this.#database = journal.database;
    this.#secrets = journal.secrets;
  }

  /** @throws LabError while faults are halted, and whatever keeps it from being written: then nothing may be broken */
  intend(fault: JournaledFault): void {
    const write = this.#database.transaction(() => {
      this.assertArmed();
      this.#insert(fault);
    });
    write.immediate();
  }

  #insert(fault: JournaledFault): void {
    this.#database
      .prepare(
        `INSERT INTO faults (id, run_id, stack_id, kind, target, identity, undo, before, state, intended_wall_ms,
         expires_wall_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'intended', ?, ?)`,
      )
      .run(
        fault.id,
        fault.runId,
        fault.stackId,
        fault.kind,
        fault.target,
        this.#secrets.conceal(JSON.stringify(fault.identity)),
        fault.undo,
        fault.before === undefined ? null : JSON.stringify(fault.before),
        Math.round(fault.intendedWallMs),
        Math.round(fault.expiresWallMs),
      );
  }

  applied(id: string): void {
    this.#database.prepare("UPDATE faults SET state = 'applied' WHERE id = ?").run(id);
  }

  /** Aims an open fault at the life that an undo of it has begun in vain, so that the next undo goes on from there. */
  retarget(fault: JournaledFault, life: ServiceIdentity): void {
    const { wasPaused } = fault.identity as { wasPaused?: true };
    fault.identity = wasPaused ? { ...life, wasPaused } : life;
    this.#database.prepare("UPDATE faults SET identity = ? WHERE id = ?").run(JSON.stringify(fault.identity), fault.id);
  }

  /** A fault that could not be undone stays open, so that the next start tries again. */
  close(id: string, result: UndoResult): void {
    if (result === "not restored") return;
    this.#database.prepare("UPDATE faults SET state = 'closed', result = ? WHERE id = ?").run(result, id);
  }

  /** {@link FaultJournal.close}, or else why it cannot be written: the fault is undone all the same, and looked at again. */
  tryClose(id: string, result: UndoResult): string | undefined {
    try {
      this.close(id, result);
      return undefined;
    } catch (error) {
      return `the journal could not be told: ${messageOf(error)}`;
    }
  }

  /** What became of a fault that is closed: another process may have undone it. Undefined while it is open. */
  closedAs(id: string): UndoResult | undefined {
    const row = this.#database.prepare("SELECT result FROM faults WHERE id = ? AND state = 'closed'").get(id) as
      | { result: UndoResult }
      | undefined;
    return row?.result;
  }

  /** Faults not known to be undone, latest first: the order in which to undo them. */
  open(stackId: string): OpenFault[] {
    const rows = this.#database
      .prepare("SELECT * FROM faults WHERE stack_id = ? AND state <> 'closed' ORDER BY rowid DESC")
      .all(stackId) as FaultRow[];
    return rows.map((row) => ({
      id: row.id,
      runId: row.run_id,
      stackId: row.stack_id,
      kind: row.kind,
      target: row.target,
      identity: JSON.parse(this.#secrets.reveal(row.identity)) as FaultIdentity,
      undo: row.undo,
      ...(row.before === null ? {} : { before: JSON.parse(row.before) as Baseline }),
      intendedWallMs: row.intended_wall_ms,
      expiresWallMs: row.expires_wall_ms,
      isApplied: row.state === "applied",
    }));
  }

  /** From now on no fault may be applied, by any process, until {@link FaultJournal.arm}. */
  halt(wallMs: number): void {
    this.#database.prepare("INSERT OR IGNORE INTO halt (only, since_wall_ms) VALUES (1, ?)").run(Math.round(wallMs));
  }

  /**
   * {@link FaultJournal.halt}, or else why it cannot be written, the disk being full: that is no reason to leave broken
   * what can be put back.
   */
  tryHalt(wallMs: number): string | undefined {
    try {
      this.halt(wallMs);
      return undefined;
    } catch (error) {
      return `faults can still be applied, since the journal cannot be written: ${messageOf(error)}`;
    }
  }

  /** True when faults had been halted. */
  arm(): boolean {
    return this.#database.prepare("DELETE FROM halt").run().changes > 0;
  }

  /** When faults were halted, or undefined when they may be applied. */
  haltedSince(): number | undefined {
    const row = this.#database.prepare("SELECT since_wall_ms FROM halt").get() as { since_wall_ms: number } | undefined;
    return row?.since_wall_ms;
  }

  /**
   * Told when faults are halted, by whatever process: each commit to the journal is a write to its write-ahead log.
   * @param failed told of a journal that cannot be read
   * @returns ends it
   */
  onHalted(listener: () => void, failed: (error: unknown) => void): () => void {
    return onFileChange(`${this.#database.name}-wal`, () => {
      try {
        if (this.haltedSince() !== undefined) listener();
      } catch (error) {
        failed(error);
      }
    });
  }

  /** @throws LabError while faults are halted */
  assertArmed(): void {
    const since = this.haltedSince();
    if (since === undefined) return;
    throw new LabError("precondition", `everything was halted at ${new Date(since).toLocaleTimeString()}`, {
      cure: "look whether all is well, then allow faults again with `resilience-lab arm`",
    });
  }

  /** Forgets the faults of a stack that is gone: there is nothing left that could be broken. */
  forget(stackId: string): void {
    this.#database.prepare("DELETE FROM faults WHERE stack_id = ?").run(stackId);
  }
}
