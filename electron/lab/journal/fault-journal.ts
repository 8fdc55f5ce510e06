import type { UndoResult } from "../../model/lab-event.ts";
import { onFileChange } from "../file-changes.ts";
import { LabError, messageOf } from "../lab-error.ts";
import type { Baseline } from "./baseline.ts";
import { eraseDeleted, type Journal } from "./journal.ts";
import type { Replica, ServiceIdentity } from "./service-identity.ts";

/** Identity of a fault's target, so that its undo can never affect another target of the same name. */
export type FaultIdentity =
  | Replica
  /** The containers, of a service that has several, that the fault targets. */
  | { kind: "replicas"; replicas: readonly Replica[] }
  /**
   * A toxic named by the fault's id, on a link of the proxy that runs as `service` with its API at `api`. The journal
   * holds the name of a generated token, not its value.
   */
  | { kind: "link"; api: string; service: string; token?: string }
  /** A link to a port of a service, broken from within the caller's network namespace; its containers bear the fault's id. */
  | { kind: "sidecar"; from: string; to: string; port: number; by?: "hosts" };

/** Whether a fault is on a link, and so on no service. */
export function isOnLink({ identity }: Pick<JournaledFault, "identity">): boolean {
  return identity.kind === "link" || identity.kind === "sidecar";
}

/** What a fault on a service targets of it. */
export function replicasOf(identity: FaultIdentity): readonly Replica[] {
  if (identity.kind === "replicas") return identity.replicas;
  return identity.kind === "link" || identity.kind === "sidecar" ? [] : [identity];
}

/** The container that a part of a service is addressed by; a service that has only one is addressed by its name. */
export function containerOf(identity: FaultIdentity, replica: Replica): string | undefined {
  return identity.kind === "replicas" && replica.kind === "container" ? replica.id : undefined;
}

export interface JournaledFault {
  id: string;
  runId: string;
  stackId: string;
  kind: string;
  /** A service, or a link by its name. */
  target: string;
  identity: FaultIdentity;
  undo: string;
  /** Baseline of a service, where more than its own state is lost with it. */
  before?: Baseline;
  /** Outlives the lab that applied it: in force until it is restored or expires. */
  isStanding?: true;
  intendedWallMs: number;
  expiresWallMs: number;
}

/** A fault that is not known to be undone. */
export interface OpenFault extends JournaledFault {
  /** False for a fault that is only intended: whether it was then applied is unknown. */
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
  standing: 0 | 1;
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

  /** @throws LabError while faults are halted, and any error of the write: then nothing may be broken */
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
        `INSERT INTO faults (id, run_id, stack_id, kind, target, identity, undo, before, standing, state, intended_wall_ms,
         expires_wall_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'intended', ?, ?)`,
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
        fault.isStanding ? 1 : 0,
        Math.round(fault.intendedWallMs),
        Math.round(fault.expiresWallMs),
      );
  }

  applied(id: string): void {
    this.#database.prepare("UPDATE faults SET state = 'applied' WHERE id = ?").run(id);
  }

  /** Its expiry is later than intended: a run has waited. */
  postpone(id: string, expiresWallMs: number): void {
    const update = "UPDATE faults SET expires_wall_ms = ? WHERE id = ?";
    this.#database.prepare(update).run(Math.round(expiresWallMs), id);
  }

  /** Points an open fault at the instance that a failed undo has started, so that the next undo continues from there. */
  retarget(fault: JournaledFault, instance: ServiceIdentity): void {
    const retargeted = ({ wasPaused }: Replica) => (wasPaused ? { ...instance, wasPaused } : instance);
    const { identity } = fault;
    if (identity.kind === "link" || identity.kind === "sidecar") return;
    if (identity.kind === "replicas") {
      const isMeant = (each: Replica) => "id" in each && "id" in instance && each.id === instance.id;
      const replicas = identity.replicas.map((each) => (isMeant(each) ? retargeted(each) : each));
      fault.identity = { kind: "replicas", replicas };
    } else fault.identity = retargeted(identity);
    this.#database.prepare("UPDATE faults SET identity = ? WHERE id = ?").run(JSON.stringify(fault.identity), fault.id);
  }

  /** A fault that could not be undone stays open, so that the next start retries. */
  close(id: string, result: UndoResult): void {
    if (result === "not restored") return;
    this.#database.prepare("UPDATE faults SET state = 'closed', result = ? WHERE id = ?").run(result, id);
  }

  /** {@link FaultJournal.close}; returns the reason when it cannot be written. The fault then stays open and is rechecked. */
  tryClose(id: string, result: UndoResult): string | undefined {
    try {
      this.close(id, result);
      return undefined;
    } catch (error) {
      return `the journal could not be written: ${messageOf(error)}`;
    }
  }

  /** Result of a closed fault, which another process may have undone. Undefined while it is open. */
  closedAs(id: string): UndoResult | undefined {
    const row = this.#database.prepare("SELECT result FROM faults WHERE id = ? AND state = 'closed'").get(id) as
      | { result: UndoResult }
      | undefined;
    return row?.result;
  }

  /** Open faults in the order in which to undo them, latest first. */
  open(stackId: string): OpenFault[] {
    const rows = this.#database
      .prepare("SELECT * FROM faults WHERE stack_id = ? AND state <> 'closed' ORDER BY rowid DESC")
      .all(stackId) as FaultRow[];
    return rows.map((row) => this.#read(row));
  }

  /** Standing faults of all stacks that are in force. */
  standing(): OpenFault[] {
    const rows = this.#database
      .prepare("SELECT * FROM faults WHERE state = 'applied' AND standing = 1")
      .all() as FaultRow[];
    return rows.map((row) => this.#read(row));
  }

  #read(row: FaultRow): OpenFault {
    return {
      id: row.id,
      runId: row.run_id,
      stackId: row.stack_id,
      kind: row.kind,
      target: row.target,
      identity: JSON.parse(this.#secrets.reveal(row.identity)) as FaultIdentity,
      undo: row.undo,
      ...(row.before === null ? {} : { before: JSON.parse(row.before) as Baseline }),
      // A journal that is only read may be of a format before this column.
      ...(row.standing === 1 ? { isStanding: true } : {}),
      intendedWallMs: row.intended_wall_ms,
      expiresWallMs: row.expires_wall_ms,
      isApplied: row.state === "applied",
    };
  }

  /** Calls `listener` at each commit to the journal, by any process. Returns a function that ends it. */
  onChange(listener: () => void): () => void {
    return onFileChange(`${this.#database.name}-wal`, listener);
  }

  /** From now on no fault may be applied, by any process, until {@link FaultJournal.arm}. */
  halt(wallMs: number): void {
    this.#database.prepare("INSERT OR IGNORE INTO halt (only, since_wall_ms) VALUES (1, ?)").run(Math.round(wallMs));
  }

  /**
   * {@link FaultJournal.halt}; returns the reason when it cannot be written, for instance on a full disk, so that the
   * caller can still restore.
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
   * Calls the listener when faults are halted, by any process: each commit is a write to the journal's write-ahead log.
   * @param failed called when the journal cannot be read
   * @returns ends the subscription
   */
  onHalted(listener: () => void, failed: (error: unknown) => void): () => void {
    return this.onChange(() => {
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
      hint: {
        terminal: "check that everything is healthy, then allow faults again with `resilience-lab arm`",
        window: 'check that everything is healthy, then press "Arm the lab"',
      },
    });
  }

  /** Removes and erases the faults of a stack that no longer exists: those on links hold its proxy's token. */
  forget(stackId: string): void {
    this.#database.prepare("DELETE FROM faults WHERE stack_id = ?").run(stackId);
    eraseDeleted(this.#database);
  }
}
