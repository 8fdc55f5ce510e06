import type { ReplicaState, ServiceState } from "./driver.ts";

/** The state of a service by those of its containers: the first that does not run as it should, else the first. */
export function stateOfAll(states: readonly ServiceState[]): ServiceState {
  return states.find((state) => !isWell(state)) ?? states[0] ?? { is: "absent" };
}

/** It runs, and is on its networks. */
export function isWell(state: ServiceState): boolean {
  return state.is === "running" && !state.isIsolated;
}

/** For messages: how many of a service's containers these are, and their names. */
export function describeReplicas(chosen: readonly Pick<ReplicaState, "name">[], of: number): string {
  return `${chosen.length} of ${of} containers: ${chosen.map(({ name }) => name).join(", ")}`;
}
