import { useEffect, useState } from "react";
import type { RunSummary } from "../../electron/contract/history.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";

/** Limit of the contract. */
const PAGE_RUNS = 500;

/** The runs of a batch in the history, newest first; read again whenever that changes. Undefined until they are there. */
export function useStoredBatch(batchId: string): { runs: readonly RunSummary[] | undefined; failure?: string } {
  const { client } = useStores();
  const version = useLab((state) => state.lab?.historyVersion);
  const [stored, setStored] = useState<{ runs: readonly RunSummary[] | undefined; failure?: string }>({
    runs: undefined,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again when the history changes
  useEffect(() => {
    let isCurrent = true;
    const read = async () => {
      const runs: RunSummary[] = [];
      for (let hasMore = true; hasMore && isCurrent; ) {
        const before = runs.at(-1)?.id;
        const page = await client.call.history.list({
          ...{ batchId, limit: PAGE_RUNS },
          ...(before === undefined ? {} : { before }),
        });
        runs.push(...page.runs);
        ({ hasMore } = page);
      }
      if (isCurrent) setStored({ runs });
    };
    read().catch((error: Error) => {
      if (isCurrent) setStored((known) => ({ runs: known.runs ?? [], failure: failureText(error) }));
    });
    return () => {
      isCurrent = false;
    };
  }, [client, batchId, version]);
  return stored;
}
