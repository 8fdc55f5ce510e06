import { useInteraction } from "../state/lab-context.tsx";
import classes from "./inspector.module.css";

/** A trace's id, which shows the trace in the waterfall. */
export function TraceButton({ traceId }: { traceId: string }) {
  const look = useInteraction((state) => state.look);
  return (
    <button
      type="button"
      className={classes.link}
      title="Show this trace in the waterfall"
      onClick={() => look({ panel: "waterfall", wantedTrace: traceId })}
    >
      <code>{traceId}</code>
    </button>
  );
}
