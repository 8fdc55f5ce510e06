/** Kinds of faults on a service itself, as named in scenarios, events and drivers. */
export const LIFECYCLE_FAULTS = ["stop", "kill", "pause", "disconnect", "restart"] as const;
export type LifecycleFault = (typeof LIFECYCLE_FAULTS)[number];
