import { type FSWatcher, watch } from "node:fs";

/** Interval of the notifications where the system does not watch the file. */
const POLL_INTERVAL_MS = 100;

/**
 * Calls the listener on each change of a file, or of the files in a folder, also by other processes. Where the system
 * watches no more files for this user (on Linux `ENOSPC` or `EMFILE`, a limit that editors often reach) it is called at
 * intervals instead.
 * @returns ends the subscription
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
