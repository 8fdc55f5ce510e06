import { formatDuration } from "../duration.ts";
import type { EventOf } from "../lab-event.ts";
import type { CallEnd } from "../span.ts";
import { toneOfCall } from "../tone.ts";
import { type EventEntry, line, plain, type TextPart } from "./entry.ts";

/** Milliseconds from which a call's duration is printed in a terminal. */
const PRINTED_FROM_MS = 100;

/**
 * The end of a call as recorded by its gateway. Decisions and ends are read separately, in any order; a call without a
 * decision has only an end.
 */
export const callEnded: EventEntry<"call.ended"> = {
  title: "End of a tool call",
  priority: "essential",
  opens: ["call"],
  closes: ["call"],
  describe: ({ tool, outcome, error }) => ({
    kind: "call",
    text: `${tool} ended: ${outcome}${error === undefined ? "" : `: ${error}`}`,
    tone: "muted",
  }),
  print: (event) => (isWorthALine(event) ? line("call", ...partsOf(event)) : []),
  track(event, run) {
    const { seq, atMs, callId, outcome, attempts, requestBytes, replyBytes, error, traceId, spanId } = event;
    const startMs = run.clock.at(event.startedWallMs, atMs);
    const endMs = run.clock.at(event.endedWallMs, atMs);
    const what = { outcome, attempts, requestBytes, replyBytes, traceId, spanId };
    const end: CallEnd = error === undefined ? what : { ...what, error };
    if (run.find("call", callId) !== undefined) {
      run.amend(seq, "call", callId, ({ attributes }) => {
        const { end: first, laterEnds = 0 } = attributes;
        const later = first === undefined ? {} : { laterEnds: laterEnds + 1 };
        return { startMs, endMs, attributes: { ...attributes, ...later, end } };
      });
      return;
    }
    const { sessionId, turnId, backend } = event;
    const { parent, joinedBy } = run.madeBy(turnId, startMs);
    const ids = { callId, sessionId, turnId, backend, traceId, spanId, joinedBy };
    run.open(seq, "call", callId, {
      name: event.tool,
      parent,
      startMs,
      endMs,
      status: outcome,
      attributes: { ...ids, arguments: undefined, decisions: [], end },
      links: run.faultsMet(traceId),
    });
  },
  subject: ({ callId }, { calls }) => calls.find(({ attributes }) => attributes.callId === callId),
};

/** Most calls end at once and as decided: they have no line of their own. */
function isWorthALine(event: EventOf<"call.ended">): boolean {
  return !isAsDecided(event) || event.endedWallMs - event.startedWallMs >= PRINTED_FROM_MS;
}

/** Whether the outcome follows from a decision; a call without a backend has no decision. */
function isAsDecided({ outcome, backend }: EventOf<"call.ended">): boolean {
  return outcome === "ok" || ((outcome === "refused" || outcome === "upstream_error") && backend !== "");
}

function partsOf(event: EventOf<"call.ended">): TextPart[] {
  const { tool, outcome, error } = event;
  const lasted = formatDuration(event.endedWallMs - event.startedWallMs);
  return [
    plain(`${tool || "(no tool)"} `),
    { text: outcome, tone: toneOfCall(outcome) },
    plain(` after ${lasted}`),
    ...(error === undefined || isAsDecided(event) ? [] : [plain("  "), { text: error, tone: "muted" as const }]),
  ];
}
