import type { CallOutcome, Decision, WireOutcome } from "./lab-event.ts";

/**
 * The meaning of a colour, in ascending priority: where only one can be drawn, the later one wins, so that merging never
 * hides an error behind a success.
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

const REFUSALS: Record<Decision, boolean> = {
  allow: false,
  redact: false,
  approvalRequired: false,
  approved: false,
  deny: true,
  denied: true,
  expired: true,
  budgetExceeded: true,
  upstream_error: true,
};

/** Decisions with which a call did not reach its upstream, or got no answer from it. */
export function isRefusal(decision: Decision): boolean {
  return REFUSALS[decision];
}

const OUTCOME_TONES: Record<Exclude<CallOutcome, Decision>, Tone> = {
  ok: "allow",
  tool_error: "warning",
  refused: "deny",
  cancelled: "muted",
  busy: "warning",
  unknown_tool: "deny",
};

const WIRE_TONES: Record<WireOutcome, Tone> = { open: "waiting", ok: "allow", error: "failed", unknown: "unknown" };

/** Tone of an exchange on a link. */
export function toneOfWire(outcome: WireOutcome): Tone {
  return WIRE_TONES[outcome];
}

/** Tone of a call: its last decision, which is a tone itself, else its outcome. */
export function toneOfCall(status: Decision | CallOutcome): Tone {
  return status in OUTCOME_TONES ? OUTCOME_TONES[status as keyof typeof OUTCOME_TONES] : (status as Decision);
}
