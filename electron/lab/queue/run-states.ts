import { OUTCOMES, type Outcome } from "../../model/outcomes.ts";
import type { QueuedRun } from "../history/queue-store.ts";

/** States as agentevals' API names them. */
export const API_STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;
export type ApiState = (typeof API_STATES)[number];

/** `succeeded` says that the run did what it is for, whatever its checks found; `failed` that it could not. */
const STATE_OF: { readonly [Each in Outcome]: ApiState } = {
  passed: "succeeded",
  failed: "succeeded",
  inconclusive: "succeeded",
  precondition: "failed",
  residue: "failed",
  interrupted: "failed",
  error: "failed",
  cancelled: "cancelled",
};

export function apiStateOf({ state, outcome }: Pick<QueuedRun, "state" | "outcome">): ApiState {
  if (state !== "ended") return state;
  return STATE_OF[outcome ?? "error"];
}

export function outcomesOf(states: readonly ApiState[]): Outcome[] {
  return OUTCOMES.filter((outcome) => states.includes(STATE_OF[outcome]));
}

/** Of several repeats: what says most against the run. */
const WORST_FIRST: readonly Outcome[] = [
  "error",
  "interrupted",
  "residue",
  "cancelled",
  "precondition",
  "failed",
  "inconclusive",
  "passed",
];

export function worstOf(outcomes: readonly Outcome[]): Outcome {
  return WORST_FIRST.find((outcome) => outcomes.includes(outcome)) ?? "error";
}
