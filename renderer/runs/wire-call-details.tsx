import type { RunView } from "../../electron/model/run-view.ts";
import { isOpen, lastedUntil, type Span } from "../../electron/model/span.ts";
import { toneOfWire } from "../../electron/model/tone.ts";
import { Facts } from "../ui/facts.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import { InForce } from "./in-force.tsx";
import classes from "./inspector.module.css";
import { JsonBlock } from "./json-block.tsx";
import { layOutJson } from "./lay-out-json.ts";
import { TraceButton } from "./trace-button.tsx";

interface WireCallDetailsProps {
  call: Span<"wire">;
  view: RunView;
  onSelect: (seq: number | undefined) => void;
}

/** An exchange on a link, as its caller saw it. */
export function WireCallDetails({ call, view, onSelect }: WireCallDetailsProps) {
  const { startMs, endMs, status, attributes } = call;
  const { error, firstByteMs, events, session, traceId, jsonrpcId, requestBytes, replyBytes } = attributes;
  const step = view.steps.find(({ id }) => id === call.parent);
  const met = view.faults.filter(({ id }) => call.links.includes(id));
  return (
    <>
      <Facts
        facts={[
          ["Link", <b key="link">{attributes.link}</b>],
          ["Request", <code key="http">{attributes.http}</code>],
          ["Method", attributes.method ?? "none"],
          ["Tool", attributes.tool ?? "none"],
          [
            "Ended",
            <ToneWord key="status" tone={toneOfWire(status)}>
              {error === undefined ? status : `${status}: ${error}`}
            </ToneWord>,
          ],
          ["HTTP status", attributes.status === undefined ? "none" : String(attributes.status)],
          ["Started", formatDuration(startMs)],
          ["First byte", firstByteMs === undefined ? "none" : `after ${formatDuration(firstByteMs)}`],
          ["Duration", isOpen(call) ? "in progress" : formatDuration(endMs - startMs)],
          ["Bytes", `request ${requestBytes}, reply ${replyBytes}`],
          ["Events", events === undefined ? "not a stream" : String(events)],
          [
            "Faults",
            met.length === 0
              ? "none"
              : met.map(({ id, name, seq }) => (
                  <button key={id} type="button" className={classes.link} onClick={() => onSelect(seq)}>
                    {name}
                  </button>
                )),
          ],
          ["Step", step?.name ?? "none"],
          ["JSON-RPC id", jsonrpcId === undefined ? "none" : <code key="id">{String(jsonrpcId)}</code>],
          ["Session", session === undefined ? "none" : <code key="session">{session}</code>],
          ["Trace", traceId === undefined ? "none" : <TraceButton key="trace" traceId={traceId} />],
        ]}
      />
      <Body value={attributes.requestBody} label="Request" />
      <Body value={attributes.replyBody} label="Reply" />
      <InForce view={view} atMs={lastedUntil(call, view.lastMs)} />
    </>
  );
}

/** Present where the scenario asked for bodies. */
function Body({ value, label }: { value: unknown; label: string }) {
  if (value === undefined || value === "") return null;
  return (
    <>
      <h3>{label}</h3>
      <JsonBlock value={typeof value === "string" ? layOutJson(value) : value} label={label} />
    </>
  );
}
