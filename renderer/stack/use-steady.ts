import { useEffect } from "react";
import type { SteadyTraffic } from "../state/interaction-store.ts";
import { useInteraction, useLab } from "../state/lab-context.tsx";

/** The steady traffic to the open stack, if there is any. */
export function useSteady(): SteadyTraffic | undefined {
  const project = useLab((state) => state.lab?.stack.project);
  const steady = useInteraction((state) => state.steady);
  return steady?.project === project ? steady : undefined;
}

/**
 * Keeps what is sent from this page, so that it goes on beside the map, where things are broken.
 * @param sent undefined while there is nothing to send
 */
export function useKeepSteady(isRepeated: boolean, sent: SteadyTraffic["sent"] | undefined, seconds: string): void {
  const project = useLab((state) => state.lab?.stack.project);
  const setSteady = useInteraction((state) => state.setSteady);
  const text = JSON.stringify(sent);
  useEffect(() => {
    if (!isRepeated || project === undefined || text === undefined) return;
    setSteady({ project, sent: JSON.parse(text) as SteadyTraffic["sent"], seconds });
  }, [isRepeated, project, text, seconds, setSteady]);
}
