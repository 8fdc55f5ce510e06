/**
 * What this process is at work on, for its diagnostics: requests that are not answered to their end, streams included, and
 * sockets that do not only wait for their next request. Whatever keeps sockets for later reports them here.
 */
export interface WorkSource {
  readonly openRequests?: number;
  /** Connected, and kept for the next request. */
  readonly idleSockets: number;
  /** That will close these. */
  readonly idleTimers?: number;
}

const sources = new Set<WorkSource>();

/** Returns a function that ends the reporting. */
export function reportWork(source: WorkSource): () => void {
  sources.add(source);
  return () => void sources.delete(source);
}

export function readWork(): Required<WorkSource> {
  let [openRequests, idleSockets, idleTimers] = [0, 0, 0];
  for (const source of sources) {
    openRequests += source.openRequests ?? 0;
    idleSockets += source.idleSockets;
    idleTimers += source.idleTimers ?? 0;
  }
  return { openRequests, idleSockets, idleTimers };
}
