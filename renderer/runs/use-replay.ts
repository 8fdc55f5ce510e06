import { useReducedMotion } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { useStores } from "../state/lab-context.tsx";

export const REPLAY_SPEEDS = [0.25, 0.5, 1, 2, 4] as const;
export type ReplaySpeed = (typeof REPLAY_SPEEDS)[number];

/** Each frame shows the run at another moment, which costs more than a frame of a large run. */
const FRAME_MS = 40;
/** With reduced motion the moment changes this seldom. */
const REDUCED_FRAME_MS = 500;

/** The moment after `elapsedMs` of a replay; undefined at the end of the run. */
export function replayedMs(
  fromMs: number,
  elapsedMs: number,
  { speed, endMs }: { speed: ReplaySpeed; endMs: number },
): number | undefined {
  const ms = fromMs + elapsedMs * speed;
  return ms >= endMs ? undefined : ms;
}

/** Moves the cursor of a finished run as time passes, from where it is, or else from the start. */
export function useReplay(endMs: number) {
  const { interaction } = useStores();
  const [isPlaying, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<ReplaySpeed>(1);
  const frameMs = useReducedMotion() ? REDUCED_FRAME_MS : FRAME_MS;
  useEffect(() => {
    if (!isPlaying) return;
    let lastMs = performance.now();
    const timer = setInterval(() => {
      const nowMs = performance.now();
      const { cursorMs = 0, look } = interaction.getState();
      const next = replayedMs(cursorMs, nowMs - lastMs, { speed, endMs });
      lastMs = nowMs;
      look({ cursorMs: next });
      if (next === undefined) setPlaying(false);
    }, frameMs);
    return () => clearInterval(timer);
  }, [interaction, isPlaying, speed, endMs, frameMs]);
  return { isPlaying, speed, setSpeed, toggle: () => setPlaying((was) => !was) };
}
