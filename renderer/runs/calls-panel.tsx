import type { RunView } from "../../electron/model/run-view.ts";
import { isOpen, lastedUntil, type Span } from "../../electron/model/span.ts";
import { Empty } from "../ui/states.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./calls-panel.module.css";
import { DecisionChain } from "./decision-chain.tsx";
import { VirtualRows } from "./virtual-rows.tsx";

interface CallsPanelProps {
  view: RunView;
  selectedSeq: number | undefined;
  onVisit: (seq: number) => void;
}

/** Every tool call with its decisions and the last one's reason. */
export function CallsPanel({ view, selectedSeq, onVisit }: CallsPanelProps) {
  const { calls } = view;
  if (calls.length === 0) return <Empty title="No tool calls yet at this moment" />;
  return (
    <VirtualRows
      count={calls.length}
      rowPx={28}
      label="Tool calls"
      focusIndex={calls.findIndex((call) => isOf(call, selectedSeq))}
      followsEnd={false}
      render={(index) => {
        const call = calls[index];
        if (call === undefined) return null;
        const { decisions, end } = call.attributes;
        const last = decisions.at(-1);
        return (
          <button
            type="button"
            className={classes.call}
            data-selected={isOf(call, selectedSeq) || undefined}
            onClick={() => onVisit(last?.seq ?? call.seq)}
          >
            <span className={classes.time}>{formatDuration(call.startMs)}</span>
            <DecisionChain call={call} />
            <span className={classes.reason}>{last?.event.reason ?? end?.error}</span>
            <span className={classes.time}>
              {formatDuration(lastedUntil(call, view.lastMs) - call.startMs)}
              {isOpen(call) && "…"}
            </span>
          </button>
        );
      }}
    />
  );
}

function isOf({ seq, attributes }: Span<"call">, selectedSeq: number | undefined): boolean {
  return seq === selectedSeq || attributes.decisions.some((decision) => decision.seq === selectedSeq);
}
