import type { Tone } from "./tone.ts";

/** The lanes of a timeline, from top to bottom. */
export const LANE_KINDS = [
  "phases",
  "steps",
  "faults",
  "hits",
  "health",
  "backends",
  "calls",
  "links",
  "approvals",
  "checks",
  "logs",
] as const;
export type LaneKind = (typeof LANE_KINDS)[number];

/** Lanes of a summary, by event type; a service or a decision may select a row. */
export const SUMMARY_LANES = [
  "phases",
  "steps",
  "faults",
  "hits",
  "health",
  "calls",
  "links",
  "checks",
  "warnings",
  "logs",
] as const;
export type SummaryLane = (typeof SUMMARY_LANES)[number];

/** The event's field that names the row of a lane. */
export type SummaryName = "service" | "decision";

/** The timeline lane and tone in which a summary is drawn, and whether its name is a row. */
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
  links: { lane: "links", tone: "neutral" },
  checks: { lane: "checks", tone: "neutral" },
  warnings: { lane: "checks", tone: "warning" },
  logs: { lane: "logs", tone: "log", isRow: true },
};

/** A summary has no results of spans; for calls, its name is the decision. */
export function summaryLooks(lane: SummaryLane, name: string): SummaryLook[] {
  if (lane !== "calls") return [SUMMARY_LOOKS[lane]];
  const tone = name as Tone;
  const call: SummaryLook = { lane: "calls", tone };
  return name === "approvalRequired" ? [call, { lane: "approvals", tone }] : [call];
}
