import { type FSWatcher, watch } from "node:fs";

/** How often somebody is told to look at what the system does not watch. */
const POLL_INTERVAL_MS = 100;

/**
 * Tells of each change of a file, or of the files in a folder, also by other processes. Where the system watches no more
 * files for this user (on Linux `ENOSPC` or `EMFILE`, a limit that editors often reach) it tells at intervals instead.
 * @returns ends it
 */
export function onFileChange(path: string, listener: () => void): () => void {
  let watcher: FSWatcher | undefined;
  let polling: NodeJS.Timeout | undefined;
  let isOver = false;
  const poll = () => {
    if (!isOver) polling ??= setInterval(listener, POLL_INTERVAL_MS).unref();
  };
  try {
    watcher = watch(path, listener);
    watcher.on("error", poll);
  } catch {
    poll();
  }
  return () => {
    isOver = true;
    watcher?.close();
    clearInterval(polling);
  };
}
