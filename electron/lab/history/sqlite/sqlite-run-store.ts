import { type ProcessIdentity, thisProcess } from "../../process-identity.ts";
import { type OpenedStore, ThreadedRunStore } from "../threaded-run-store.ts";
import { HISTORY_NAME } from "./migrations.ts";

/** Runs in one SQLite file. Durable means committed to the write-ahead log: it survives the death of the process, not a power cut. */
export class SqliteRunStore extends ThreadedRunStore {
  readonly notices: readonly string[];
  readonly file: string;
  protected readonly readOnlyHint = "update Resilience Lab, or point RESILIENCE_LAB_HOME at another folder";

  /** @throws LabError when the file cannot be opened, or another user may have written it */
  static async open(file: string, owner: ProcessIdentity = thisProcess): Promise<SqliteRunStore> {
    return new SqliteRunStore(file, await ThreadedRunStore.openThreads({ kind: "sqlite", file }, owner));
  }

  private constructor(file: string, store: OpenedStore) {
    super(store);
    this.file = file;
    const { damagedMovedTo } = store.opened;
    this.notices =
      damagedMovedTo === undefined
        ? []
        : [`the ${HISTORY_NAME} was damaged; it was moved, unchanged, to ${damagedMovedTo} and a new one created`];
  }
}
