import { onFileChange } from "../file-changes.ts";
import type { StoreLocation } from "./history-threads.ts";

/**
 * Calls the listener when another process may have changed what is kept there.
 * @returns ends it; undefined where the database does not tell
 */
export function onStoreChange(location: StoreLocation, listener: () => void): (() => void) | undefined {
  return location.kind === "sqlite" ? onFileChange(`${location.file}-wal`, listener) : undefined;
}
