import { useEffect, useState } from "react";
import { useLab } from "./lab-context.tsx";
import { goneSince } from "./lab-gone.ts";

/** The engine's clock, updated while `isOn`; used for countdowns. It stands still once the lab has ended. */
export function useLabNow(everyMs: number, isOn = true): number {
  const offsetMs = useLab((state) => state.clockOffsetMs);
  const goneMs = useLab(goneSince);
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!isOn) return;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, isOn]);
  return Math.min(nowMs, goneMs ?? nowMs) + offsetMs;
}
