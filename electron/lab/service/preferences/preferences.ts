import { type Settings, type SettingsChange, settings } from "../../../contract/settings.ts";
import { type StackChoice, stackChoice } from "../../../contract/stacks.ts";
import { parseJson } from "../../../model/json.ts";
import type { RunStore } from "../../history/run-store.ts";
import { BUSY_LIMIT_MS, openDatabase } from "../../history/sqlite/database.ts";
import { LabError } from "../../lab-error.ts";

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE pins (run_id TEXT PRIMARY KEY) STRICT;
  `,
];

const DEFAULTS: Settings = {
  theme: "system",
  notifications: true,
  keepStackUp: false,
  ports: "fixed or auto",
  keepRunsRaw: false,
  historyLimit: 1_000,
  operator: "operator",
};

/** Beside the settings: no setting has this name. */
const OPEN_STACK = "open stack";

/** What a person chose. */
export class Preferences {
  readonly #database: ReturnType<typeof openDatabase>["database"];
  readonly #readOnlyBecause: string | undefined;

  constructor(file: string) {
    const opened = openDatabase({
      file,
      name: "preferences",
      migrations: MIGRATIONS,
      synchronous: "NORMAL",
      busyLimitMs: BUSY_LIMIT_MS,
    });
    this.#database = opened.database;
    this.#readOnlyBecause = opened.readOnlyBecause;
  }

  /** A value that this version does not understand counts as never set. */
  settings(): Settings {
    const rows = this.#database.prepare("SELECT name, value FROM settings").all() as { name: string; value: string }[];
    const chosen: Record<string, unknown> = { ...DEFAULTS };
    for (const { name, value } of rows) {
      const field = settings.shape[name as keyof Settings];
      const parsed = field?.safeParse(JSON.parse(value));
      if (parsed?.success) chosen[name] = parsed.data;
    }
    return settings.parse(chosen);
  }

  change(change: SettingsChange): Settings {
    this.#assertWritable();
    const write = this.#database.prepare("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)");
    this.#database.transaction(() => {
      for (const [name, value] of Object.entries(change))
        if (value !== undefined) write.run(name, JSON.stringify(value));
    })();
    return this.settings();
  }

  /** The stack that was open last; undefined when none was chosen. */
  stack(): StackChoice | undefined {
    const value = this.#database.prepare("SELECT value FROM settings WHERE name = ?").pluck().get(OPEN_STACK);
    const parsed = stackChoice.safeParse(typeof value === "string" ? parseJson(value) : undefined);
    return parsed.success ? parsed.data : undefined;
  }

  /** What cannot be written is forgotten: the choice holds as long as this lab. */
  rememberStack(choice: StackChoice): void {
    if (this.#readOnlyBecause !== undefined) return;
    this.#database
      .prepare("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)")
      .run(OPEN_STACK, JSON.stringify(choice));
  }

  /** Runs were pinned here before the history itself knew which are to be kept. What cannot be written waits for the next start. */
  async handOverPins(history: RunStore): Promise<void> {
    if (this.#readOnlyBecause !== undefined || history.readOnlyBecause !== undefined) return;
    const runIds = this.#database.prepare("SELECT run_id FROM pins").pluck().all() as string[];
    for (const runId of runIds) if (await history.has(runId)) await history.pin(runId, true);
    if (runIds.length > 0) this.#database.prepare("DELETE FROM pins").run();
  }

  close(): void {
    this.#database.close();
  }

  #assertWritable(): void {
    if (this.#readOnlyBecause !== undefined) throw new LabError("read-only", this.#readOnlyBecause);
  }
}
