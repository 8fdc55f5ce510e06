/** Selects the toxics for a reply once its head is known: stream faults apply to and count only streams. */

import type { Framing } from "../parsing/body-reader.ts";
import type { ReplyHead } from "../parsing/message-head.ts";
import { carriesJson, type RequestInfo } from "../parsing/request-info.ts";
import { type HttpToxicType, isHttpToxic } from "../toxics/attributes.ts";
import { meets } from "../toxics/match.ts";
import type { Toxic } from "../toxics/toxic.ts";
import { MalformedBody, MalformedHead, StreamSplit, Truncated } from "./body-faults.ts";
import type { ReplyContext, ReplyFault } from "./reply-fault.ts";
import type { SessionRegistry } from "./session-registry.ts";
import { SessionRotated } from "./session-rotated.ts";
import { EventIdsSkipped, StreamCut, StreamDuplicated, StreamStalled } from "./stream-faults.ts";
import { ToolsChanged } from "./tools-changed.ts";

type Applies = (reply: { head: ReplyHead; hasBody: boolean }, request: RequestInfo) => boolean;
type Make = (context: ReplyContext, sessions: SessionRegistry) => ReplyFault;

const isStream: Applies = ({ head, hasBody }) => hasBody && head.isEventStream;
const hasBody: Applies = (reply) => reply.hasBody;

/** Faults that cut at any byte come last: the ones before them need complete events. */
const cutAnywhere = ["stream_split", "truncated"];

/** These end or delay the exchange: see request-plan. */
const onRequest = undefined;

const faults: Readonly<Record<HttpToxicType, { applies: Applies; make: Make } | undefined>> = {
  http_status: onRequest,
  http_delay: onRequest,
  mcp_error: onRequest,
  session_lost: onRequest,
  get_stream_refused: onRequest,
  reply_lost: onRequest,
  request_lost: onRequest,
  stream_cut: { applies: isStream, make: (context) => new StreamCut(context) },
  stream_stalled: { applies: isStream, make: (context) => new StreamStalled(context) },
  stream_duplicated: { applies: isStream, make: (context) => new StreamDuplicated(context) },
  event_ids_skipped: { applies: isStream, make: (context) => new EventIdsSkipped(context) },
  stream_split: { applies: hasBody, make: (context) => new StreamSplit(context) },
  truncated: { applies: hasBody, make: (context) => new Truncated(context) },
  malformed: {
    applies: hasBody,
    make: (context) =>
      context.toxic.attributes.kind === "http" ? new MalformedHead(context) : new MalformedBody(context),
  },
  tools_changed: {
    applies: ({ head, hasBody: some }, request) =>
      some && request.hasMethod("tools/list") && (head.isEventStream || carriesJson(head)),
    make: (context) => new ToolsChanged(context),
  },
  session_rotated: {
    applies: ({ head }, request) => request.sessionId !== undefined && head.status >= 200 && head.status < 300,
    make: (context, sessions) => new SessionRotated(context, sessions),
  },
};

/** Whether the toxic reads replies, which must then not be compressed. */
export function readsReplies(toxic: Toxic): boolean {
  return faultOf(toxic) !== undefined;
}

function faultOf({ type }: Toxic): { applies: Applies; make: Make } | undefined {
  return isHttpToxic(type) ? faults[type] : undefined;
}

export function selectReplyFaults(
  toxics: readonly Toxic[],
  reply: { head: ReplyHead; framing: Framing },
  request: RequestInfo,
): { toxic: Toxic; make: Make }[] {
  const seen = { head: reply.head, hasBody: reply.framing.kind !== "none" };
  const selected = toxics.flatMap((toxic) => {
    const fault = faultOf(toxic);
    if (!fault?.applies(seen, request) || !meets(toxic.match, request) || !toxic.takes()) return [];
    return [{ toxic, make: fault.make }];
  });
  return selected.sort((one, other) => cutAnywhere.indexOf(one.toxic.type) - cutAnywhere.indexOf(other.toxic.type));
}
