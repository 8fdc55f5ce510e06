import { useEffect, useState } from "react";
import type { ServiceLogPage } from "../../electron/contract/stack.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";

/** As many as the lab keeps. */
const SHOWN_LINES = 2_000;
const RETRY_MS = 1_000;

export interface FollowedLogs {
  lines: ServiceLogPage["lines"];
  /** Older ones that are no longer kept. */
  dropped: number;
  failure: string | undefined;
  isLoaded: boolean;
}

const NOTHING: FollowedLogs = { lines: [], dropped: 0, failure: undefined, isLoaded: false };

/** What a service has printed and prints, as long as it is shown. */
export function useServiceLogs(service: string): FollowedLogs {
  const { client } = useStores();
  const isConnected = useLab((state) => state.connection.is === "connected");
  const [logs, setLogs] = useState(NOTHING);
  useEffect(() => {
    if (!isConnected) return;
    const scope = new AbortController();
    const { signal } = scope;
    const follow = async () => {
      let after: number | null = null;
      setLogs(NOTHING);
      while (!signal.aborted) {
        try {
          const page: ServiceLogPage = await client.call.stack.logs({ service, after }, { signal });
          if (signal.aborted) return;
          after = page.last;
          setLogs(({ lines }) => ({
            lines: [...lines, ...page.lines].slice(-SHOWN_LINES),
            dropped: page.dropped,
            failure: undefined,
            isLoaded: true,
          }));
        } catch (error) {
          if (signal.aborted) return;
          const failure = failureText(error);
          setLogs((before) => ({ ...before, failure, isLoaded: true }));
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    };
    void follow();
    return () => scope.abort();
  }, [client, service, isConnected]);
  return logs;
}
