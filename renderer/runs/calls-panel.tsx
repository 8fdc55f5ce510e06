import type { RunView } from "../../electron/model/fold.ts";
import { Empty } from "../app/states.tsx";
import { formatDuration } from "../app/times.ts";
import classes from "./calls-panel.module.css";
import { DecisionChain } from "./decision-chain.tsx";
import { VirtualRows } from "./virtual-rows.tsx";

interface CallsPanelProps {
  view: RunView;
  selectedSeq: number | undefined;
  onVisit: (seq: number) => void;
}

/** Every tool call with the decisions it met and the last one's reason. */
export function CallsPanel({ view, selectedSeq, onVisit }: CallsPanelProps) {
  const { calls } = view;
  if (calls.length === 0) return <Empty title="No tool has been called at this moment" />;
  return (
    <VirtualRows
      count={calls.length}
      rowPx={28}
      label="Tool calls"
      focusIndex={calls.findIndex(({ decisions }) => decisions.some(({ seq }) => seq === selectedSeq))}
      followsEnd={false}
      render={(index) => {
        const call = calls[index];
        const first = call?.decisions[0];
        if (call === undefined || first === undefined) return null;
        return (
          <button
            type="button"
            className={classes.call}
            data-selected={call.decisions.some(({ seq }) => seq === selectedSeq) || undefined}
            onClick={() => onVisit(call.decisions.at(-1)?.seq ?? first.seq)}
          >
            <span className={classes.time}>{formatDuration(call.startMs)}</span>
            <DecisionChain tool={call.tool} decisions={call.decisions.map(({ decision }) => decision)} />
            <span className={classes.reason}>{call.decisions.at(-1)?.reason}</span>
            <span className={classes.time}>{formatDuration(call.endMs - call.startMs)}</span>
          </button>
        );
      }}
    />
  );
}
