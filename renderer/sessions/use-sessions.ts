import { useEffect, useState } from "react";
import type { SessionDetail, SessionList } from "../../electron/contract/sessions.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";

interface Asked<Value> {
  value: Value | undefined;
  failure: string | undefined;
}

/** Asks again whenever the sessions have changed; what was shown stays until the answer is there. */
function useAsked<Value>(ask: () => Promise<Value>, of: unknown): Asked<Value> {
  const version = useLab((state) => state.lab?.sessionsVersion);
  const [asked, setAsked] = useState<Asked<Value>>({ value: undefined, failure: undefined });
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when any of these changes
  useEffect(() => {
    let isCurrent = true;
    ask().then(
      (value) => isCurrent && setAsked({ value, failure: undefined }),
      (error: Error) => isCurrent && setAsked({ value: undefined, failure: failureText(error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [version, of]);
  return asked;
}

/** The live sessions, and where to send spans. */
export function useSessions(): Asked<SessionList> {
  const { client } = useStores();
  return useAsked(() => client.call.sessions.list(), "");
}

export function useSession(id: string): Asked<SessionDetail> {
  const { client } = useStores();
  return useAsked(() => client.call.sessions.get({ id }), id);
}
