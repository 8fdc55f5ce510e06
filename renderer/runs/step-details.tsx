import type { RunView } from "../../electron/model/run-view.ts";
import { isOpen, lastedUntil, type Span } from "../../electron/model/span.ts";
import { Facts } from "../ui/facts.tsx";
import { formatDuration } from "../ui/times.ts";
import { InForce } from "./in-force.tsx";
import { JsonBlock } from "./json-block.tsx";
import { layOutJson } from "./lay-out-json.ts";
import { StepCalls } from "./step-calls.tsx";

interface StepDetailsProps {
  step: Span<"step">;
  view: RunView;
  onSelect: (seq: number) => void;
}

export function StepDetails({ step, view, onSelect }: StepDetailsProps) {
  const { name, startMs, endMs, status, attributes } = step;
  const { kind, background, error, output } = attributes;
  return (
    <>
      <Facts
        facts={[
          ["Step", <b key="label">{name}</b>],
          ["Kind", kind],
          ["Background", background ? "yes, the next step did not wait" : "no"],
          ["Started", formatDuration(startMs)],
          ["Duration", isOpen(step) ? "in progress" : formatDuration(endMs - startMs)],
          ["Outcome", isOpen(step) ? "in progress" : status],
        ]}
      />
      <StepCalls calls={view.calls.filter(({ parent }) => parent === step.id)} onSelect={onSelect} />
      {error !== undefined && (
        <>
          <h3>Error</h3>
          <JsonBlock value={error} label="Error" />
        </>
      )}
      {output !== undefined && (
        <>
          <h3>Output</h3>
          <JsonBlock value={layOutJson(output)} label="Output" />
        </>
      )}
      <InForce view={view} atMs={lastedUntil(step, view.lastMs)} />
    </>
  );
}
