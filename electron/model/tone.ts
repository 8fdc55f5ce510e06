import type { CallOutcome, Decision } from "./lab-event.ts";

/**
 * What a colour stands for. The order is the order of weight: where drawing has room for one only, the later one wins,
 * so that merging never hides an error behind a success.
 */
export const TONES = [
  "neutral",
  "muted",
  "step",
  "log",
  "unknown",
  "up",
  "allow",
  "approved",
  "redact",
  "passed",
  "waiting",
  "fault",
  "approvalRequired",
  "degraded",
  "warning",
  "stderr",
  "budgetExceeded",
  "deny",
  "denied",
  "expired",
  "upstream_error",
  "down",
  "failed",
] as const;
export type Tone = (typeof TONES)[number];

const indexes = new Map<Tone, number>(TONES.map((tone, index) => [tone, index]));

export function toneIndex(tone: Tone): number {
  return indexes.get(tone) ?? 0;
}

/** Decisions that kept a call from its upstream, or the upstream from answering it. */
export function isRefusal(decision: Decision): boolean {
  return (
    decision === "deny" ||
    decision === "denied" ||
    decision === "expired" ||
    decision === "budgetExceeded" ||
    decision === "upstream_error"
  );
}

const OUTCOME_TONES: Record<Exclude<CallOutcome, Decision>, Tone> = {
  ok: "allow",
  tool_error: "warning",
  refused: "deny",
  cancelled: "muted",
  busy: "warning",
  unknown_tool: "deny",
};

/** Of a call: its last decision, which is a tone by its own name, else how it ended. */
export function toneOfCall(status: Decision | CallOutcome): Tone {
  return status in OUTCOME_TONES ? OUTCOME_TONES[status as keyof typeof OUTCOME_TONES] : (status as Decision);
}
