import { formatDuration } from "../../electron/model/duration.ts";

/** A time of day; with the date when it is not today. */
export function clockTime(wallMs: number, nowMs: number): string {
  const date = new Date(wallMs);
  const time = date.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const isToday = date.toDateString() === new Date(nowMs).toDateString();
  return isToday ? time : `${date.toLocaleDateString(undefined, { day: "numeric", month: "short" })} ${time}`;
}

export function ago(wallMs: number, nowMs: number): string {
  const ms = nowMs - wallMs;
  if (ms < 5_000) return "just now";
  if (ms < 60_000) return `${Math.round(ms / 1_000)} s ago`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min ago`;
  if (ms < 86_400_000) return `${Math.round(ms / 3_600_000)} h ago`;
  const days = Math.round(ms / 86_400_000);
  return days === 1 ? "yesterday" : `${days} days ago`;
}

/** Whole seconds left, never negative: 0 means expired. */
export function secondsLeft(untilWallMs: number, nowWallMs: number): number {
  return Math.max(0, Math.ceil((untilWallMs - nowWallMs) / 1_000));
}

export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1_000).toFixed(1)} kB`;
  return count < 1e9 ? `${(count / 1e6).toFixed(1)} MB` : `${(count / 1e9).toFixed(2)} GB`;
}

export { formatDuration };
