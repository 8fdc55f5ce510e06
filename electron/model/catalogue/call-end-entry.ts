import type { CallEnd } from "../span.ts";
import type { EventEntry } from "./entry.ts";

/**
 * The end of a call as its gateway recorded it. Decisions and ends are written and read apart, so that either may be first;
 * a call that nothing was decided on has an end alone.
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
  track(event, run) {
    const { seq, atMs, callId, outcome, attempts, requestBytes, replyBytes, error, traceId, spanId } = event;
    const startMs = run.clock.at(event.startedWallMs, atMs);
    const endMs = run.clock.at(event.endedWallMs, atMs);
    const what = { outcome, attempts, requestBytes, replyBytes, traceId, spanId };
    const end: CallEnd = error === undefined ? what : { ...what, error };
    if (run.find("call", callId) !== undefined) {
      run.amend(seq, "call", callId, ({ attributes }) => ({ startMs, endMs, attributes: { ...attributes, end } }));
      return;
    }
    const { sessionId, turnId, backend } = event;
    const { parent, ...joined } = run.madeBy(turnId, startMs);
    const ids = { callId, sessionId, turnId, backend, traceId, spanId, ...joined };
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
