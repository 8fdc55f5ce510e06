import { toneOfBackend } from "./catalogue/backend-entry.ts";
import { CHECK_TONES } from "./catalogue/check-entries.ts";
import type { TextPart } from "./catalogue/entry.ts";
import { resultOf } from "./check-result.ts";
import type { LaneKind } from "./lanes.ts";
import type { AnyInstant, AnySpan, Instant, InstantKind, Span, SpanKind, SpanKinds } from "./span.ts";
import { type Tone, toneOfCall, toneOfWire } from "./tone.ts";

/** How a span or an instant is drawn on a timeline. */
export interface Look {
  lane: LaneKind;
  /** Its row, in lanes whose rows are services. */
  row?: string;
  tone: Tone;
  label: TextPart[];
}

const STEP_TONES: Record<SpanKinds["step"]["status"], Tone> = {
  running: "step",
  ok: "step",
  failed: "failed",
  cancelled: "muted",
};

const SPAN_LOOKS: { readonly [Kind in SpanKind]: (span: Span<Kind>) => Look } = {
  phase: ({ name }) => ({ lane: "phases", tone: "neutral", label: [{ text: name }] }),
  step: ({ name, status }) => ({ lane: "steps", tone: STEP_TONES[status], label: [{ text: name }] }),
  fault: ({ name, status }) => ({
    lane: "faults",
    tone: status === "not restored" ? "failed" : "fault",
    label: [{ text: name }],
  }),
  health: ({ name, status, attributes }) => ({
    lane: "health",
    row: name,
    tone: status,
    label: [{ text: status === "up" ? "up" : `${status}: ${attributes.reason}` }],
  }),
  backend: ({ name, status, attributes: { backend, what, reason } }) => {
    const state = what === "circuit" ? `circuit ${status}` : status;
    const tone = toneOfBackend(status);
    const label = [{ text: tone === "up" ? state : `${state}: ${reason}` }];
    return { lane: "backends", row: what === "circuit" ? name : backend, tone, label };
  },
  call: ({ name, status, attributes }) => ({
    lane: "calls",
    tone: toneOfCall(status),
    label: [
      { text: name },
      ...verdictsOf(attributes.decisions, status).flatMap((verdict) => [
        { text: " → " },
        { text: verdict, tone: toneOfCall(verdict) },
      ]),
    ],
  }),
  wire: ({ name, status, attributes: { link } }) => ({
    lane: "links",
    tone: toneOfWire(status),
    label: [{ text: `${link} ` }, { text: name, tone: toneOfWire(status) }],
  }),
  approval: ({ name, status }) =>
    status === "waiting"
      ? { lane: "approvals", tone: "approvalRequired", label: [{ text: name }, { text: " waits" }] }
      : { lane: "approvals", tone: status, label: [{ text: name }, { text: " " }, { text: status, tone: status }] },
};

/** Instants without a look are drawn as part of something else, or not at all. */
const INSTANT_LOOKS: { readonly [Kind in InstantKind]: ((instant: Instant<Kind>) => Look) | undefined } = {
  decision: undefined,
  hit: ({ event: { effect, tool, method, link } }) => ({
    lane: "hits",
    tone: "fault",
    label: [{ text: `${effect} ${tool ?? method ?? link}` }],
  }),
  check: ({ event }) => ({ lane: "checks", tone: CHECK_TONES[resultOf(event)], label: [{ text: event.check }] }),
  warning: ({ event }) => ({ lane: "checks", tone: "warning", label: [{ text: event.message }] }),
  log: ({ event: { service, stream } }) => ({
    lane: "logs",
    row: service,
    tone: stream === "stderr" ? "stderr" : "log",
    label: [],
  }),
  "logs dropped": undefined,
  "wire calls dropped": undefined,
};

/** The decisions on a call; its outcome if there are none. */
function verdictsOf(decisions: readonly Instant<"decision">[], status: SpanKinds["call"]["status"]) {
  return decisions.length === 0 ? [status] : decisions.map(({ event }) => event.decision);
}

export function lookOfSpan(span: AnySpan): Look {
  return (SPAN_LOOKS[span.kind] as (span: AnySpan) => Look)(span);
}

export function lookOfInstant(instant: AnyInstant): Look | undefined {
  return (INSTANT_LOOKS[instant.kind] as ((instant: AnyInstant) => Look) | undefined)?.(instant);
}
