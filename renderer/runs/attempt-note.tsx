import { useEffect, useState } from "react";
import type { AttemptOfRun } from "../../electron/contract/queue.ts";
import { useStores } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";

/** Which attempt of a submitted run this is, where there were several: its worker died, or gave it back. */
export function AttemptNote({ runId, hasEnded }: { runId: string; hasEnded: boolean }) {
  const { client } = useStores();
  const [of, setOf] = useState<AttemptOfRun>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt may follow one that has ended
  useEffect(() => {
    let isCurrent = true;
    client.call.queue.attemptOf({ runId }).then(
      (found) => isCurrent && setOf(found),
      // The queue's own page says why.
      () => isCurrent && setOf(null),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, runId, hasEnded]);
  if (of === null || of.attempts < 2) return null;
  return (
    <a href={formatRoute({ at: "queue", runId: of.runId })}>
      attempt {of.attempt} of {of.attempts}
    </a>
  );
}
