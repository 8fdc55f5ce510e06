import type { StoreLocation } from "./history-threads.ts";
import type { RunStore } from "./run-store.ts";

/** Opens the store at a location; loads nothing of the other kind. @throws LabError when it cannot be opened */
export async function openRunStore(location: StoreLocation): Promise<RunStore> {
  if (location.kind === "sqlite") {
    const { SqliteRunStore } = await import("./sqlite/sqlite-run-store.ts");
    return SqliteRunStore.open(location.file);
  }
  const { PostgresRunStore } = await import("./postgres/postgres-run-store.ts");
  return PostgresRunStore.open(location);
}
