import { useEffect, useState } from "react";
import type { BatchPlace } from "../../electron/contract/runs.ts";
import { BatchLink } from "../state/batch-link.tsx";
import { useStores } from "../state/lab-context.tsx";

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
  return place && <BatchLink place={place} />;
}
