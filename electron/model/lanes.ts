import type { Tone } from "./tone.ts";

/** The bands of a timeline, from top to bottom. */
export const LANE_KINDS = [
  "phases",
  "steps",
  "faults",
  "hits",
  "health",
  "calls",
  "approvals",
  "checks",
  "logs",
] as const;
export type LaneKind = (typeof LANE_KINDS)[number];

/** Lanes of a summary, by event type alone; a service or a decision may name one of several. */
export const SUMMARY_LANES = [
  "phases",
  "steps",
  "faults",
  "hits",
  "health",
  "calls",
  "checks",
  "warnings",
  "logs",
] as const;
export type SummaryLane = (typeof SUMMARY_LANES)[number];

/** A field of an event that names which of a lane's summaries it counts for. */
export type SummaryName = "service" | "decision";

/** In which lane of a timeline a summary is drawn, in which tone, and whether its name is that of a row. */
interface SummaryLook {
  lane: LaneKind;
  tone: Tone;
  isRow?: true;
}

const SUMMARY_LOOKS: Record<Exclude<SummaryLane, "calls">, SummaryLook> = {
  phases: { lane: "phases", tone: "neutral" },
  steps: { lane: "steps", tone: "step" },
  faults: { lane: "faults", tone: "fault" },
  hits: { lane: "hits", tone: "fault" },
  health: { lane: "health", tone: "unknown", isRow: true },
  checks: { lane: "checks", tone: "neutral" },
  warnings: { lane: "checks", tone: "warning" },
  logs: { lane: "logs", tone: "log", isRow: true },
};

/** What became of things is known from their events alone; of calls, the name of a summary is the decision. */
export function summaryLooks(lane: SummaryLane, name: string): SummaryLook[] {
  if (lane !== "calls") return [SUMMARY_LOOKS[lane]];
  const tone = name as Tone;
  const call: SummaryLook = { lane: "calls", tone };
  return name === "approvalRequired" ? [call, { lane: "approvals", tone }] : [call];
}
