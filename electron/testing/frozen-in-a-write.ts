/**
 * Loaded before a lab (`node --import`): SIGUSR2 freezes it as SIGSTOP does, but in the middle of a write to its journal,
 * which nobody else can write then.
 */
import { join } from "node:path";

process.on("SIGUSR2", () => void freeze());

async function freeze(): Promise<void> {
  const { default: Database } = await import("better-sqlite3");
  const database = new Database(join(process.env.RESILIENCE_LAB_HOME ?? "", "journal.db"));
  database.exec("BEGIN IMMEDIATE");
  process.kill(process.pid, "SIGSTOP");
}
