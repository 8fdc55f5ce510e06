import { useEffect, useState } from "react";
import { useLab } from "./lab-context.tsx";
import { goneSince } from "./lab-gone.ts";
import { useTickMs } from "./use-tick-ms.ts";

/** The engine's clock, updated while `isOn`; used for countdowns. It stands still once the lab has ended. */
export function useLabNow(everyMs: number, isOn = true): number {
  const offsetMs = useLab((state) => state.clockOffsetMs);
  const goneMs = useLab(goneSince);
  const tickMs = useTickMs(everyMs);
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    if (!isOn) return;
    setNowMs(Date.now());
    const timer = setInterval(() => setNowMs(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, [tickMs, isOn]);
  return Math.min(nowMs, goneMs ?? nowMs) + offsetMs;
}
