import { useState } from "react";
import type { StackChoice } from "../../electron/contract/stacks.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { goTo } from "../state/use-route.ts";

/** Opens another stack and then shows it. */
export function useOpenStack() {
  const { client } = useStores();
  const [isOpening, setOpening] = useState(false);
  const open = async (choice: StackChoice) => {
    setOpening(true);
    const opened = await attempt("The stack could not be opened", () => client.call.stacks.use(choice));
    setOpening(false);
    if (opened !== undefined) goTo({ at: "lab" });
  };
  return { open, isOpening };
}
