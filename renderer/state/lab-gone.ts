import type { LabStore } from "./lab-store.ts";

/** When the connection was lost to a lab that has ended, as wall-clock milliseconds; undefined while it may be running. */
export function goneSince({ connection }: Pick<LabStore, "connection">): number | undefined {
  return connection.is === "lost" && connection.lab === "gone" ? connection.sinceWallMs : undefined;
}
