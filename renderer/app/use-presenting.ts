import { useEffect } from "react";
import { usePreferences } from "../state/lab-context.tsx";

/** Presenter mode, as the styles see it. */
export function usePresenting(): boolean {
  const isPresenting = usePreferences((state) => state.isPresenting);
  useEffect(() => {
    document.documentElement.toggleAttribute("data-presenting", isPresenting);
    // What is to be seen is at the top.
    if (isPresenting) document.getElementById("main")?.scrollTo(0, 0);
  }, [isPresenting]);
  return isPresenting;
}
