import { settings } from "../../electron/contract/settings.ts";
import type { LabStore } from "../state/lab-store.ts";

/** Why the lab's settings cannot be changed now; undefined when they can. */
export function whyNotChange(state: Pick<LabStore, "capabilities" | "connection">): string | undefined {
  if (state.connection.is !== "connected") return "The lab cannot be reached";
  const because = state.capabilities?.readOnlyBecause;
  return because == null ? undefined : `Settings are read-only: ${because}`;
}

/** The problem of a typed number of runs, if any. */
export function historyLimitProblem(text: string): string | undefined {
  const isValid = /^\d+$/.test(text) && settings.shape.historyLimit.safeParse(Number(text)).success;
  return isValid ? undefined : "A whole number from 10 to 100,000";
}

export function operatorProblem(text: string): string | undefined {
  return settings.shape.operator.safeParse(text).success
    ? undefined
    : "Up to 80 letters, digits, spaces, dots, commas, apostrophes, dashes and underscores";
}
