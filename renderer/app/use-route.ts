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

/** Changes the address without a new entry in the browser's history: the cursor moves too often for that. */
export function amendAddress(route: Route): void {
  const hash = formatRoute(route);
  if (hash !== window.location.hash) window.history.replaceState(null, "", hash);
}
