import { useMemo, useSyncExternalStore } from "react";
import { formatRoute, parseRoute, type Route } from "./route.ts";

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return useMemo(() => parseRoute(hash), [hash]);
}

export function goTo(route: Route): void {
  window.location.hash = formatRoute(route);
}

/**
 * Changes the address of a run without a new entry in the browser's history: the cursor moves too often for that. Once
 * the address is of another place the page has been left, and is about to hear of it.
 */
export function amendAddress(route: Extract<Route, { at: "run" }>): void {
  const here = parseRoute(window.location.hash);
  if (here.at !== "run" || here.runId !== route.runId) return;
  const hash = formatRoute(route);
  if (hash !== window.location.hash) window.history.replaceState(null, "", hash);
}
