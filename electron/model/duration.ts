const UNITS_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** A duration as scenarios write it: one or more parts with a unit, `500ms`, `1m30s`. */
export const DURATION_PATTERN = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;

/** A duration as compose files write it (Go's `time.ParseDuration`, not negative): also `us`, `ns`, `.5s` and `0`. */
export const COMPOSE_DURATION_PATTERN = /^(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/;

const PART = /(\d+\.?\d*|\.\d+)([a-zµ]+)/g;

/** `"500ms" | "1.5s" | "1m30s"` to milliseconds; `undefined` for what the pattern does not fit. */
export function parseDuration(text: string, pattern: RegExp = DURATION_PATTERN): number | undefined {
  if (!pattern.test(text)) return undefined;
  const parts = [...text.matchAll(PART)];
  return parts.reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (UNITS_MS[unit] ?? 0), 0);
}

/** Milliseconds as text: `850 ms`, `1.52 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  // The limits are chosen after rounding: never "1000 ms" or "60.0 s".
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(ms < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The same of a span, many of which last less than a millisecond: `35 µs`. */
export function formatSpanDuration(ms: number): string {
  const us = Math.round(ms * 1_000);
  return us > 0 && us < 1_000 ? `${us} µs` : formatDuration(ms);
}
