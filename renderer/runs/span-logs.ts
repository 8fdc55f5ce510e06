import { isLogLine } from "../../electron/model/catalogue/catalogue.ts";
import type { TelemetrySpan } from "../../electron/model/telemetry.ts";
import type { RunRecord } from "../state/run-record.ts";

export interface SpanLog {
  /** On the run's clock. */
  atMs: number;
  /** Empty for a line that was printed. */
  severity: string;
  text: string;
}

/** A service prints what belongs to a span a moment before or after it. */
const AROUND_MS = 20;
const SHOWN = 200;

/** What a span's service logged, or printed, while it was open; the earliest first, and no more than a person reads. */
export function logsAround(
  { service, startUs, endUs, traceId, spanId }: TelemetrySpan,
  record: Pick<RunRecord, "view" | "items" | "telemetry" | "countAt">,
): SpanLog[] {
  const { view, items, telemetry } = record;
  if (view.started === undefined) return [];
  const zeroMs = view.started.wallMs - view.started.atMs;
  const fromMs = startUs / 1_000 - zeroMs - AROUND_MS;
  const toMs = endUs === undefined ? view.lastMs : endUs / 1_000 - zeroMs + AROUND_MS;
  const logs: SpanLog[] = [];
  for (const log of telemetry.logs) {
    const atMs = log.atUs / 1_000 - zeroMs;
    const isOfSpan = log.spanId === spanId && log.traceId === traceId;
    const isAround = log.service === service && atMs >= fromMs && atMs <= toMs;
    if (isOfSpan || isAround) logs.push({ atMs, severity: log.severity, text: log.body });
  }
  for (let at = record.countAt(fromMs); at < items.length; at++) {
    const item = items[at];
    if (item === undefined || item.atMs > toMs || logs.length >= 2 * SHOWN) break;
    if (item.type === "skipped" || !isLogLine(item) || item.service !== service) continue;
    logs.push({ atMs: item.atMs, severity: "", text: item.line });
  }
  return logs.sort((one, other) => one.atMs - other.atMs).slice(0, SHOWN);
}
