import type { ProcessIdentity } from "../stack/process-identity.ts";
import type { Journal } from "./journal.ts";

/** All that is needed to start a service's process again without the stack file. */
export interface Launch {
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  folder: string;
  stopSignal: NodeJS.Signals;
  stopGraceMs: number;
  logFile: { stdout: string; stderr: string };
}

export interface RegisteredStack {
  id: string;
  project: string;
  file: string;
  /** Brought up by `stack up`: it stays when the lab ends. */
  kept: boolean;
  /** Service to host port. */
  ports: Record<string, number>;
  without: string[];
}

export interface RegisteredProcess {
  service: string;
  launch: Launch;
  identity: ProcessIdentity | undefined;
}

interface StackRow {
  id: string;
  project: string;
  file: string;
  kept: number;
  ports: string;
  without: string;
}

/** The stacks that this data folder has up, and the process of each service. */
export class StackRegister {
  readonly #database: Journal["database"];

  constructor(journal: Journal) {
    this.#database = journal.database;
  }

  add(stack: RegisteredStack): void {
    this.#database
      .prepare("INSERT INTO stacks (id, project, file, kept, ports, without) VALUES (?, ?, ?, ?, ?, ?)")
      .run(
        stack.id,
        stack.project,
        stack.file,
        Number(stack.kept),
        JSON.stringify(stack.ports),
        JSON.stringify(stack.without),
      );
  }

  list(): RegisteredStack[] {
    const rows = this.#database.prepare("SELECT * FROM stacks ORDER BY rowid").all() as StackRow[];
    return rows.map((row) => ({
      id: row.id,
      project: row.project,
      file: row.file,
      kept: row.kept === 1,
      ports: JSON.parse(row.ports) as Record<string, number>,
      without: JSON.parse(row.without) as string[],
    }));
  }

  remove(stackId: string): void {
    this.#database.prepare("DELETE FROM stacks WHERE id = ?").run(stackId);
  }

  setWithout(stackId: string, without: readonly string[]): void {
    this.#database.prepare("UPDATE stacks SET without = ? WHERE id = ?").run(JSON.stringify(without), stackId);
  }

  /** Written before the process starts (identity undefined) and again when it has: a start is never unknown. */
  setProcess(stackId: string, service: string, launch: Launch, identity: ProcessIdentity | undefined): void {
    this.#database
      .prepare(
        `INSERT INTO processes (stack_id, service, pid, started_at, launch) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET pid = excluded.pid, started_at = excluded.started_at, launch = excluded.launch`,
      )
      .run(stackId, service, identity?.pid ?? null, identity?.startedAt ?? null, JSON.stringify(launch));
  }

  processes(stackId: string): RegisteredProcess[] {
    const rows = this.#database.prepare("SELECT * FROM processes WHERE stack_id = ? ORDER BY rowid").all(stackId) as {
      service: string;
      pid: number | null;
      started_at: string | null;
      launch: string;
    }[];
    return rows.map(({ service, pid, started_at, launch }) => ({
      service,
      launch: JSON.parse(launch) as Launch,
      identity: pid === null || started_at === null ? undefined : { pid, startedAt: started_at },
    }));
  }
}
