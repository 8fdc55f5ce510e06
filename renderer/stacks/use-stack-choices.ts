import { useCallback, useEffect, useState } from "react";
import type { StackChoices } from "../../electron/contract/stacks.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";

const COMPOSING_MS = 1_000;

/** What can be opened: asked again when another stack is opened, when the window gets the focus, and on request. */
export function useStackChoices() {
  const { client } = useStores();
  const open = useLab((state) => `${state.lab?.stack.project} ${state.lab?.stack.driver} ${state.lab?.stack.state}`);
  const [choices, setChoices] = useState<StackChoices>();
  const [failure, setFailure] = useState<string>();
  const [isLoading, setLoading] = useState(false);

  const refresh = useCallback(async () => {
    setLoading(true);
    try {
      setChoices(await client.call.stacks.list());
      setFailure(undefined);
    } catch (error) {
      setFailure(failureText(error));
    } finally {
      setLoading(false);
    }
  }, [client]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when another stack is open
  useEffect(() => void refresh(), [refresh, open]);
  useEffect(() => {
    const onFocus = () => void refresh();
    window.addEventListener("focus", onFocus);
    return () => window.removeEventListener("focus", onFocus);
  }, [refresh]);

  // What a compose tool prints is asked for while it works.
  const isComposing = choices?.composing != null;
  useEffect(() => {
    if (!isComposing) return;
    const timer = setInterval(() => void refresh(), COMPOSING_MS);
    return () => clearInterval(timer);
  }, [isComposing, refresh]);

  return { choices, failure, isLoading, refresh };
}
