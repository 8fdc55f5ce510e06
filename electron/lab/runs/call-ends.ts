import type { RunView } from "../../model/run-view.ts";
import { isOpen, type Span } from "../../model/span.ts";
import { isRefusal } from "../../model/tone.ts";

/** What has not come to exactly one end, one text for each: of the calls that a gateway has recorded, and of those on links. */
export function withoutOneEnd({ calls, wireCalls }: RunView): string[] {
  const recorded = calls.flatMap((call) => {
    const { callId, laterEnds = 0 } = call.attributes;
    if (isOpen(call)) return [`call ${callId} of ${call.name} has not ended`];
    return laterEnds === 0 ? [] : [`call ${callId} of ${call.name} has ended ${laterEnds + 1} times`];
  });
  const onLinks = wireCalls.flatMap((call) =>
    isToolCall(call) && isOpen(call) ? [`call of ${call.name} on ${call.attributes.link} has not ended`] : [],
  );
  return [...recorded, ...onLinks];
}

/** Why it is not known that every call has ended; undefined when it is. */
export function unknownEnd({ calls }: RunView): string | undefined {
  const unknown = calls.find(({ attributes: { end, decisions } }) => {
    const last = decisions.at(-1)?.event.decision;
    // A refused call has ended with that decision; any other is still to be executed.
    return end === undefined && last !== undefined && !isRefusal(last);
  });
  return unknown && `it is not known whether call ${unknown.attributes.callId} of ${unknown.name} has ended`;
}

/** How many calls a run had: as its gateway has recorded them, else as they were seen on links. */
export function countCalls({ calls, wireCalls }: RunView): number {
  return calls.length > 0 ? calls.length : wireCalls.filter(isToolCall).length;
}

/** Streams of sessions, probes and lists are no calls: some are open at any time. */
function isToolCall({ attributes }: Span<"wire">): boolean {
  return attributes.tool !== undefined;
}
