import { useEffect, useState } from "react";
import type { BatchPlace } from "../../electron/contract/runs.ts";
import { BatchLink } from "../state/batch-link.tsx";
import { useLab, useStores } from "../state/lab-context.tsx";

/** Of which runs that were requested together this is one. */
export function BatchNote({ runId }: { runId: string }) {
  const { client } = useStores();
  const [place, setPlace] = useState<BatchPlace | null>(null);
  useEffect(() => {
    let isCurrent = true;
    setPlace(null);
    client.call.history.get({ runId }).then(
      ({ batch }) => isCurrent && setPlace(batch),
      // An unreadable history is reported elsewhere.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [client, runId]);
  // The strip above the page says it of runs that this lab has still in its queue.
  const isInQueue = useLab(
    ({ lab }) => lab !== undefined && [...lab.queue.active, ...lab.queue.ended].some((entry) => entry.runId === runId),
  );
  return place !== null && !isInQueue ? <BatchLink place={place} /> : null;
}
