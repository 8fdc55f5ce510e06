import type { Span } from "../../electron/model/span.ts";
import { DecisionChain } from "./decision-chain.tsx";
import rows from "./row-button.module.css";
import { VirtualRows } from "./virtual-rows.tsx";

const ROW_PX = 26;
const ROWS_IN_VIEW = 10;

interface StepCallsProps {
  /** Calls made by the step. */
  calls: readonly Span<"call">[];
  onSelect: (seq: number) => void;
}

/** Virtualised: a storm can make any number of calls. */
export function StepCalls({ calls, onSelect }: StepCallsProps) {
  if (calls.length === 0) return null;
  return (
    <>
      <h3>{calls.length === 1 ? "1 call" : `${calls.length} calls`}</h3>
      <div style={{ height: Math.min(calls.length, ROWS_IN_VIEW) * ROW_PX }}>
        <VirtualRows
          count={calls.length}
          rowPx={ROW_PX}
          label="Calls of the step"
          focusIndex={-1}
          followsEnd={false}
          render={(index) => {
            const call = calls[index];
            if (call === undefined) return null;
            return (
              <button type="button" className={rows.row} onClick={() => onSelect(call.seq)}>
                <DecisionChain call={call} />
              </button>
            );
          }}
        />
      </div>
    </>
  );
}
