import { useReducedMotion } from "@mantine/hooks";

const REDUCED_MS = 1_000;

/** The interval at which a time on the page advances: at most once a second for people who prefer reduced motion. */
export function useTickMs(everyMs: number): number {
  const isReduced = useReducedMotion(false, { getInitialValueInEffect: false });
  return isReduced ? Math.max(everyMs, REDUCED_MS) : everyMs;
}
