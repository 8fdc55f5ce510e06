import { useEffect, useState } from "react";
import type { LinkTraffic } from "../../electron/contract/stack.ts";
import { useLab, useStores } from "../state/lab-context.tsx";

const POLL_INTERVAL_MS = 1_000;

/** What passes over the links, by their names, as long as the stack is listened to. */
export function useTraffic(): ReadonlyMap<string, LinkTraffic> {
  const { client } = useStores();
  const isListening = useLab((state) => state.connection.is === "connected" && state.lab?.stack.isListening === true);
  const [traffic, setTraffic] = useState<readonly LinkTraffic[]>([]);
  useEffect(() => {
    setTraffic([]);
    if (!isListening) return;
    const scope = new AbortController();
    const { signal } = scope;
    const follow = async () => {
      while (!signal.aborted) {
        const read = await client.call.stack.traffic(undefined, { signal }).catch(() => undefined);
        if (signal.aborted) return;
        if (read !== undefined) setTraffic(read);
        await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
      }
    };
    void follow();
    return () => scope.abort();
  }, [client, isListening]);
  return new Map(traffic.map((each) => [each.link, each]));
}
