import { type ProcessIdentity, thisProcess } from "../../process-identity.ts";
import type { StoreLocation } from "../history-threads.ts";
import { ThreadedRunStore } from "../threaded-run-store.ts";

/** Runs in a PostgreSQL, shared by whoever is pointed at it. Durable means committed there. */
export class PostgresRunStore extends ThreadedRunStore {
  readonly notices: readonly string[] = [];
  protected readonly readOnlyHint = "update Resilience Lab, or point RESILIENCE_LAB_DATABASE_URL at another database";

  /** Migrates the lab's schema. @throws LabError `unreachable` when the database cannot be reached */
  static async open(
    location: StoreLocation & { kind: "postgres" },
    owner: ProcessIdentity = thisProcess,
  ): Promise<PostgresRunStore> {
    return new PostgresRunStore(await ThreadedRunStore.openThreads(location, owner));
  }
}
