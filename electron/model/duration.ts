const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/** `"500ms" | "1.5s" | "5m" | "1h"` to milliseconds; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  const unitMs = UNITS_MS[match?.[2] ?? ""];
  return match?.[1] === undefined || unitMs === undefined ? undefined : Number(match[1]) * unitMs;
}

/** Milliseconds as text: `850 ms`, `1.52 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  // The limits are chosen after rounding: never "1000 ms" or "60.0 s".
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
