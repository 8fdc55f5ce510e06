import { createContext, useContext } from "react";
import type { StackChoices } from "../../electron/contract/stacks.ts";

interface Choices {
  choices: StackChoices;
  /** Null when this machine has none; undefined until that is known. */
  composeTool: string | null | undefined;
  refresh: () => Promise<void>;
}

/** What can be opened, for the rows of the Stacks page. */
export const ChoicesContext = createContext<Choices | undefined>(undefined);

export function useChoices(): Choices {
  const found = useContext(ChoicesContext);
  if (found === undefined) throw new Error("there are choices on the Stacks page only");
  return found;
}
