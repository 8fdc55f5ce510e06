import type { Scenario } from "./schema.ts";

/** As long as a run may take. */
export const OBSERVE_MS = 30 * 60_000;

export interface ObservedLink {
  link: string;
  bodies: boolean;
}

/** The links that a scenario asks to read, each once. */
export function observedLinks({ observe = [] }: Pick<Scenario, "observe">): ObservedLink[] {
  const links = new Map<string, boolean>();
  for (const each of observe) {
    const { link, bodies = false } = typeof each === "string" ? { link: each } : each;
    links.set(link, bodies || links.get(link) === true);
  }
  return [...links].map(([link, bodies]) => ({ link, bodies }));
}
