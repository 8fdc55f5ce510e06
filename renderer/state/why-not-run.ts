import type { Capabilities } from "../../electron/contract/capabilities.ts";
import { STACK_NOT_UP } from "../../electron/contract/stack-not-up.ts";
import type { LabStore } from "./lab-store.ts";

/** Why nothing can be run or broken now, as text for the window; undefined when it can. */
export function whyNotRun(state: Pick<LabStore, "lab" | "capabilities" | "connection">): string | undefined {
  if (state.connection.is !== "connected") return "The lab cannot be reached";
  if (state.lab === undefined) return "The lab has not answered yet";
  if (state.lab.halted) return "The lab is halted: arm it first";
  return readOnly(state.capabilities);
}

function readOnly(capabilities: Capabilities | undefined): string | undefined {
  const because = capabilities?.readOnlyBecause;
  return because == null ? undefined : `Read-only: ${because}`;
}

/** Whether a run did not start since the stack could not be brought up: the Lab page shows why, beside the stack. */
export function wasStackDown(reason: string | null): boolean {
  return reason?.startsWith(STACK_NOT_UP) === true;
}
