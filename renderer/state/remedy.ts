import type { Route } from "./route.ts";

/** Where a hint is carried out, by what it says; undefined for one that is carried out elsewhere. */
export function remedyOf(hint: string | null): { label: string; route: Route } | undefined {
  if (hint === null) return undefined;
  if (/on Docker, on the Stacks page/.test(hint)) return { label: "Choose Docker", route: { at: "stacks" } };
  if (/on the Stacks page/.test(hint)) return { label: "Open Stacks", route: { at: "stacks" } };
  return /in the settings/.test(hint) ? { label: "Open Settings", route: { at: "settings" } } : undefined;
}
