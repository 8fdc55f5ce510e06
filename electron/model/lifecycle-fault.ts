/** Kinds of faults on a service itself, by the names that scenarios, events and drivers have for them. */
export const LIFECYCLE_FAULTS = ["stop", "kill", "pause", "disconnect", "restart"] as const;
export type LifecycleFault = (typeof LIFECYCLE_FAULTS)[number];
