import type { Span } from "../../electron/model/span.ts";

/** A call reaches the server after this time, as far as the map shows. */
const TRAVEL_MS = 400;
/** It stays short of the server, so that it is seen. */
const FARTHEST = 0.92;
const NEAREST = 0.06;
/** Between calls on one link. */
const SPACING = 0.05;

/** How far along its link a call is drawn, from 0 to 1. With reduced motion it stands in the middle. */
export function dotShare(openMs: number, index: number, isReduced: boolean): number {
  const travelled = isReduced ? 0.5 : Math.min(FARTHEST, (openMs / TRAVEL_MS) * FARTHEST);
  return Math.max(NEAREST, travelled - index * SPACING);
}

const PAST: Readonly<Record<string, string>> = {
  stop: "stopped",
  kill: "killed",
  pause: "paused",
  restart: "restarted",
  disconnect: "cut off",
};

/** What is broken, and for how much longer at most, in minutes and seconds: `stopped 8:30`. */
export function faultText(faults: readonly Span<"fault">[], ms: number): string {
  const [fault] = faults;
  if (fault === undefined) return "";
  const { kind, expiresMs } = fault.attributes;
  const left = expiresMs - ms;
  const word = PAST[kind] ?? kind.replaceAll("_", " ");
  if (left < 0) return word;
  const seconds = Math.ceil(left / 1_000);
  return `${word} ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
