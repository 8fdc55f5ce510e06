import type { LaneSummary } from "../../contract/history.ts";
import { summaries } from "../../model/catalogue/catalogue.ts";
import { EVENT_CODES } from "../../model/event-codes.ts";
import type { SummaryName } from "../../model/lanes.ts";

type Lane = LaneSummary["lanes"][number];

const SUMMARIES = summaries().map(({ type, lane, name }) => ({ code: EVENT_CODES[type], lane, name }));
const LANE_OF = new Map(SUMMARIES.map(({ code, lane }) => [code, lane]));

function codesNamedBy(field: SummaryName): number[] {
  return SUMMARIES.filter(({ name }) => name === field).map(({ code }) => code);
}

/** Codes of the events whose lane is named by a field of theirs. */
export const LANE_NAMES = { service: codesNamedBy("service"), decision: codesNamedBy("decision") };

/** Counts a part of a run's events by kind and time slice. */
export const LANE_SQL = `
  SELECT type, CASE WHEN type IN (${LANE_NAMES.service.join(", ")}) THEN json_extract(body, '$.service')
                    WHEN type IN (${LANE_NAMES.decision.join(", ")}) THEN json_extract(body, '$.decision') ELSE '' END AS name,
    CAST(at_us / @bucketUs AS INTEGER) AS bucket, count(*) AS events, min(at_us) AS first_us, max(at_us) AS last_us
  FROM events WHERE run_key = @key AND seq > @afterSeq AND seq <= @upTo GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

export interface LaneRow {
  type: number;
  name: string | null;
  bucket: number;
  events: number;
  first_us: number;
  last_us: number;
}

/** Merges rows, which may contain the same time slice several times, into lanes. */
export function toLanes(rows: readonly LaneRow[]): Lane[] {
  const lanes = new Map<string, Omit<Lane, "buckets"> & { buckets: Map<number, number> }>();
  for (const row of rows) {
    const lane = LANE_OF.get(row.type);
    if (lane === undefined) continue;
    const name = row.name ?? "";
    const key = `${lane} ${name}`;
    const known = lanes.get(key) ?? {
      lane,
      name,
      events: 0,
      firstMs: Number.POSITIVE_INFINITY,
      lastMs: 0,
      buckets: new Map(),
    };
    known.events += row.events;
    known.firstMs = Math.min(known.firstMs, row.first_us / 1000);
    known.lastMs = Math.max(known.lastMs, row.last_us / 1000);
    known.buckets.set(row.bucket, (known.buckets.get(row.bucket) ?? 0) + row.events);
    lanes.set(key, known);
  }
  return [...lanes.values()].map((lane) => ({ ...lane, buckets: [...lane.buckets].sort(([a], [b]) => a - b) }));
}
