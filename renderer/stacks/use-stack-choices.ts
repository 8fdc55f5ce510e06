import { useCallback, useEffect, useState } from "react";
import type { StackChoices } from "../../electron/contract/stacks.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";

/**
 * What can be opened: asked again when another stack is opened, with each line that a compose tool prints, when the window gets
 * the focus, and on request.
 */
export function useStackChoices() {
  const { client } = useStores();
  const open = useLab((state) => `${state.lab?.stack.project} ${state.lab?.stack.driver} ${state.lab?.stack.state}`);
  const composed = useLab(({ lab }) => lab?.stack.composing && (lab.stack.composing.lines.at(-1) ?? ""));
  const [choices, setChoices] = useState<StackChoices>();
  const [failure, setFailure] = useState<string>();
  const [isLoading, setLoading] = useState(false);
  const [composeTool, setComposeTool] = useState<string | null>();

  const refresh = useCallback(async () => {
    setLoading(true);
    // Not waited for: the older tool takes a second to start.
    client.call.stacks.composeTool().then(setComposeTool, () => {});
    try {
      setChoices(await client.call.stacks.list());
      setFailure(undefined);
    } catch (error) {
      setFailure(failureText(error));
    } finally {
      setLoading(false);
    }
  }, [client]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again when any of these changes
  useEffect(() => void refresh(), [refresh, open, composed]);
  useEffect(() => {
    const onFocus = () => void refresh();
    window.addEventListener("focus", onFocus);
    return () => window.removeEventListener("focus", onFocus);
  }, [refresh]);

  return { choices, composeTool, failure, isLoading, refresh };
}
