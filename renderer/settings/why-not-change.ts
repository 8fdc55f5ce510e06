import { settings } from "../../electron/contract/settings.ts";
import type { LabStore } from "../state/lab-store.ts";

/** Why the lab's settings cannot be changed now; undefined when they can. */
export function whyNotChange(state: Pick<LabStore, "capabilities" | "connection">): string | undefined {
  if (state.connection.is !== "connected") return "The lab cannot be reached";
  const because = state.capabilities?.readOnlyBecause;
  return because == null ? undefined : `Nothing can be kept: ${because}`;
}

/** What is wrong with a number of runs as it is typed. */
export function historyLimitProblem(text: string): string | undefined {
  const isWell = /^\d+$/.test(text) && settings.shape.historyLimit.safeParse(Number(text)).success;
  return isWell ? undefined : "A whole number from 10 to 100,000";
}

export function operatorProblem(text: string): string | undefined {
  return settings.shape.operator.safeParse(text).success
    ? undefined
    : "Up to 80 letters, digits, dots, dashes and underscores";
}
