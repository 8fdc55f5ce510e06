import type { ProcessIdentity } from "../process-identity.ts";
import type { DockerLocation } from "./docker-location.ts";
import { eraseDeleted, type Journal } from "./journal.ts";

/** All that is needed to restart a service's process without the stack file. */
export interface Launch {
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  folder: string;
  stopSignal: NodeJS.Signals;
  stopGraceMs: number;
  logFile: { stdout: string; stderr: string };
  /** The services that it depends on: it is stopped before them. Absent in rows of earlier versions. */
  needs?: readonly string[];
}

export interface RegisteredStack {
  id: string;
  project: string;
  file: string;
  /** It stays up when the lab ends: brought up by `stack up`, or attached. */
  kept: boolean;
  /** It was already up: the lab breaks and restores it, and never takes it down. */
  attached: boolean;
  /** Absent for a stack of processes. */
  docker: DockerLocation | undefined;
  /** Service to host port. */
  ports: Record<string, number>;
  /** Protections that are switched off; undefined while a switch is in progress, and after one that did not complete. */
  without: string[] | undefined;
}

export interface RegisteredProcess {
  service: string;
  launch: Launch;
  identity: ProcessIdentity | undefined;
  /** The process that is starting it, or that died while starting it. */
  starter: ProcessIdentity | undefined;
}

interface StackRow {
  id: string;
  project: string;
  file: string;
  kept: number;
  attached: number;
  docker: string | null;
  ports: string;
  without: string;
}

interface ProcessRow {
  service: string;
  pid: number | null;
  started_at: string | null;
  starter_pid: number | null;
  starter_started_at: string | null;
  launch: string;
}

/** Whether every protection is known to be on. */
export function isProtected({ without }: Pick<RegisteredStack, "without">): boolean {
  return without?.length === 0;
}

/** The stacks of this data folder that are up, and the process of each service. */
export class StackRegister {
  readonly #database: Journal["database"];
  readonly #secrets: Journal["secrets"];

  constructor(journal: Journal) {
    this.#database = journal.database;
    this.#secrets = journal.secrets;
  }

  add(stack: RegisteredStack): void {
    this.#database
      .prepare(
        `INSERT INTO stacks (id, project, file, kept, attached, docker, ports, without)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        stack.id,
        stack.project,
        stack.file,
        Number(stack.kept),
        Number(stack.attached),
        stack.docker === undefined ? null : JSON.stringify(stack.docker),
        JSON.stringify(stack.ports),
        JSON.stringify(stack.without ?? null),
      );
  }

  list(): RegisteredStack[] {
    const rows = this.#database.prepare("SELECT * FROM stacks ORDER BY rowid").all() as StackRow[];
    return rows.map((row) => ({
      id: row.id,
      project: row.project,
      file: row.file,
      kept: row.kept === 1,
      attached: row.attached === 1,
      docker: row.docker === null ? undefined : (JSON.parse(row.docker) as DockerLocation),
      ports: JSON.parse(row.ports) as Record<string, number>,
      without: (JSON.parse(row.without) as string[] | null) ?? undefined,
    }));
  }

  /** Also erases the environments of its services, which may hold secrets. */
  remove(stackId: string): void {
    this.#database.prepare("DELETE FROM stacks WHERE id = ?").run(stackId);
    eraseDeleted(this.#database);
  }

  /** Marks a stack to stay up when the lab ends. */
  keep(stackId: string): void {
    this.#database.prepare("UPDATE stacks SET kept = 1 WHERE id = ?").run(stackId);
  }

  setPorts(stackId: string, ports: Readonly<Record<string, number>>): void {
    this.#database.prepare("UPDATE stacks SET ports = ? WHERE id = ?").run(JSON.stringify(ports), stackId);
  }

  /** Written before a network or volume is created, so that no orphan is ever unknown. */
  setDocker(stackId: string, place: DockerLocation): void {
    this.#database.prepare("UPDATE stacks SET docker = ? WHERE id = ?").run(JSON.stringify(place), stackId);
  }

  setWithout(stackId: string, without: readonly string[] | undefined): void {
    const text = JSON.stringify(without ?? null);
    this.#database.prepare("UPDATE stacks SET without = ? WHERE id = ?").run(text, stackId);
  }

  setProcess(stackId: string, service: string, launch: Launch, identity: ProcessIdentity | undefined): void {
    this.#database
      .prepare(
        `INSERT INTO processes (stack_id, service, pid, started_at, launch) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET pid = excluded.pid, started_at = excluded.started_at, launch = excluded.launch,
         starter_pid = NULL, starter_started_at = NULL`,
      )
      .run(
        stackId,
        service,
        identity?.pid ?? null,
        identity?.startedAt ?? null,
        this.#secrets.conceal(JSON.stringify(launch)),
      );
  }

  /**
   * How a service is started from its next start on. Who is starting it stays on record: a starter that died may have left
   * a process that the next start has to end.
   */
  setLaunch(stackId: string, service: string, launch: Launch): void {
    this.#database
      .prepare("UPDATE processes SET launch = ? WHERE stack_id = ? AND service = ?")
      .run(this.#secrets.conceal(JSON.stringify(launch)), stackId, service);
  }

  /**
   * Written before a process is started, so that no start is unknown, and so that only one of several processes that find
   * a service stopped starts it: a rollback, a halt and the watchdog may run concurrently.
   *
   * @param isFree whether the row, as it is at that moment, may be claimed
   * @returns the row before the claim, or undefined when it was not free
   */
  claimStart(
    stackId: string,
    service: string,
    starter: ProcessIdentity,
    isFree: (found: RegisteredProcess) => boolean,
  ): RegisteredProcess | undefined {
    return this.#database
      .transaction(() => {
        const found = this.process(stackId, service);
        if (found === undefined || !isFree(found)) return undefined;
        this.#database
          .prepare(
            `UPDATE processes SET pid = NULL, started_at = NULL, starter_pid = ?, starter_started_at = ?
             WHERE stack_id = ? AND service = ?`,
          )
          .run(starter.pid, starter.startedAt, stackId, service);
        return found;
      })
      .immediate();
  }

  /** Ends a claimed start; `identity` is undefined when it failed. False when another process has claimed it since. */
  endStart(stackId: string, service: string, starter: ProcessIdentity, identity: ProcessIdentity | undefined): boolean {
    const { changes } = this.#database
      .prepare(
        `UPDATE processes SET pid = ?, started_at = ?, starter_pid = NULL, starter_started_at = NULL
         WHERE stack_id = ? AND service = ? AND starter_pid = ? AND starter_started_at = ?`,
      )
      .run(identity?.pid ?? null, identity?.startedAt ?? null, stackId, service, starter.pid, starter.startedAt);
    return changes > 0;
  }

  process(stackId: string, service: string): RegisteredProcess | undefined {
    const row = this.#database
      .prepare("SELECT * FROM processes WHERE stack_id = ? AND service = ?")
      .get(stackId, service) as ProcessRow | undefined;
    return row && this.#toProcess(row);
  }

  /** In the order of their start. */
  processes(stackId: string): RegisteredProcess[] {
    const rows = this.#database.prepare("SELECT * FROM processes WHERE stack_id = ? ORDER BY rowid").all(stackId);
    return (rows as ProcessRow[]).map((row) => this.#toProcess(row));
  }

  #toProcess(row: ProcessRow): RegisteredProcess {
    return {
      service: row.service,
      launch: JSON.parse(this.#secrets.reveal(row.launch)) as Launch,
      identity: identityOf(row.pid, row.started_at),
      starter: identityOf(row.starter_pid, row.starter_started_at),
    };
  }
}

function identityOf(pid: number | null, startedAt: string | null): ProcessIdentity | undefined {
  return pid === null || startedAt === null ? undefined : { pid, startedAt };
}
