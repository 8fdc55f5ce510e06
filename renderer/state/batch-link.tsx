import type { BatchPlace } from "../../electron/contract/runs.ts";
import { formatRoute } from "./route.ts";

/** Opens the result of the runs that were requested together with one. */
export function BatchLink({ place: { id, number, of }, className }: { place: BatchPlace; className?: string }) {
  return (
    <a
      className={className}
      href={formatRoute({ at: "batch", batchId: id })}
      title="The result of the runs that were started together"
    >
      {number} of {of}
    </a>
  );
}
