import { useCallback, useEffect, useState } from "react";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";

/** Other workers and labs change the queue, too, and none of them tells this window. */
const ASK_AGAIN_MS = 2_000;

/** Asks now, when the runs of this lab change, and at intervals while the window is visible. What was shown stays until then. */
export function useAskedAgain<Value>(ask: () => Promise<Value>, of: string) {
  const version = useLab(({ lab }) =>
    [lab?.historyVersion, ...(lab?.queue.active.map(({ entryId, state }) => entryId + state) ?? [])].join(),
  );
  const [asked, setAsked] = useState<{ of: string; value?: Value; failure?: string }>({ of });
  const [count, setCount] = useState(0);
  const again = useCallback(() => setCount((before) => before + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when any of these changes
  useEffect(() => {
    let isCurrent = true;
    ask().then(
      (value) => isCurrent && setAsked({ of, value }),
      (error: Error) => isCurrent && setAsked({ of, failure: failureText(error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [version, of, count]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") again();
    }, ASK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [again]);
  const isOfThis = asked.of === of;
  return { value: isOfThis ? asked.value : undefined, failure: isOfThis ? asked.failure : undefined, again };
}

export function useQueue(limit: number) {
  const { client } = useStores();
  return useAskedAgain(() => client.call.queue.list({ limit }), String(limit));
}

export function useQueuedRun(runId: string) {
  const { client } = useStores();
  return useAskedAgain(() => client.call.queue.get({ runId }), runId);
}
