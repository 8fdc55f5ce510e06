import { hitsOn, type RunView } from "../../electron/model/run-view.ts";
import { isOpen, type Span } from "../../electron/model/span.ts";
import { Facts } from "../ui/facts.tsx";
import { formatDuration } from "../ui/times.ts";
import { ToneBadge } from "../ui/tone-mark.tsx";

export function FaultDetails({ fault, view }: { fault: Span<"fault">; view: RunView }) {
  const { name, startMs, endMs, status, attributes } = fault;
  const { undo, appliedMs, detail = "" } = attributes;
  const hits = hitsOn(view, fault);
  return (
    <Facts
      facts={[
        [
          "Fault",
          <ToneBadge key="fault" tone="fault">
            {name}
          </ToneBadge>,
        ],
        ["Intended", `${formatDuration(startMs)}, journaled before it was applied`],
        [
          "Applied",
          appliedMs === undefined
            ? "never"
            : `${formatDuration(appliedMs)}, ${formatDuration(appliedMs - startMs)} later`,
        ],
        ["In force", inForceFor(fault)],
        ["Undo", undo],
        ["Undone", isOpen(fault) ? "not yet" : formatDuration(endMs)],
        ["Result", isOpen(fault) ? "still in force" : status],
        ["Detail", detail],
        ...(hits > 0 ? [["Requests affected", String(hits)] as const] : []),
      ]}
    />
  );
}

function inForceFor({ endMs, attributes: { appliedMs } }: Span<"fault">): string {
  if (appliedMs === undefined) return "never";
  return isOpen({ endMs }) ? "now" : formatDuration(endMs - appliedMs);
}
