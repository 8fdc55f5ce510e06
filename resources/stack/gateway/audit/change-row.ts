/** A change of a backend's health or circuit, as a row of `backend_changes` and as one line of JSON. */
import { randomUUID } from "node:crypto";
import { storableText } from "./storable.ts";

export interface ChangeEntry {
  backend: string;
  what: "health" | "circuit";
  from: string;
  to: string;
  reason: string;
  /** Milliseconds since the epoch. */
  changedMs: number;
}

/** Limit for reasons, which quote the backend, in characters. */
const reasonLimit = 1_000;

/** An array in the order of the insert's columns, without a line break. */
export function changeRowText(entry: ChangeEntry): string {
  return JSON.stringify([
    randomUUID(),
    entry.backend,
    entry.what,
    entry.from,
    entry.to,
    storableText(entry.reason.slice(0, reasonLimit)),
    entry.changedMs,
  ]);
}
