import { useEffect, useState } from "react";
import { useLab } from "./lab-context.tsx";

/** The engine's clock, updated while `isOn`; used for countdowns. */
export function useLabNow(everyMs: number, isOn = true): number {
  const offsetMs = useLab((state) => state.clockOffsetMs);
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!isOn) return;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, isOn]);
  return nowMs + offsetMs;
}
