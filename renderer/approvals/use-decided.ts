import { useCallback, useEffect, useState } from "react";
import type { DecidedApproval } from "../../electron/contract/approvals.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";

const PAGE = 50;
const MOST = 500;

/** Past decisions, newest first; reloaded when a ticket is closed or a run has ended. */
export function useDecided() {
  const { client } = useStores();
  const tickets = useLab((state) => state.lab?.approvals.waiting.map(({ ticket }) => ticket).join(" "));
  const version = useLab((state) => state.lab?.historyVersion);
  const [limit, setLimit] = useState(PAGE);
  const [attemptCount, setAttemptCount] = useState(0);
  const [answer, setAnswer] = useState<{ decided: DecidedApproval[]; hasMore: boolean }>();
  const [failure, setFailure] = useState<string>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: reloaded when any of these changes
  useEffect(() => {
    let isCurrent = true;
    client.call.approvals.history({ limit }).then(
      (next) => {
        if (!isCurrent) return;
        setAnswer(next);
        setFailure(undefined);
      },
      (error: Error) => isCurrent && setFailure(failureText(error)),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, limit, tickets, version, attemptCount]);

  const more = useCallback(() => setLimit((count) => Math.min(MOST, count + PAGE)), []);
  const again = useCallback(() => setAttemptCount((count) => count + 1), []);
  return { decided: answer?.decided, hasMore: answer?.hasMore === true && limit < MOST, failure, more, again };
}
