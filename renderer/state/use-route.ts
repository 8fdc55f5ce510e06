import { useMemo, useSyncExternalStore } from "react";
import { formatRoute, parseRoute, type Route } from "./route.ts";

/** Where a person has gone last. Gone to again it is another place, and an address that is only amended is none. */
let place: { hash: string; by: Event | undefined } | undefined;

function placeNow(): { hash: string } {
  place ??= { hash: window.location.hash, by: undefined };
  return place;
}

function subscribe(listener: () => void): () => void {
  const onChange = (event: Event) => {
    if (place?.by !== event) place = { hash: window.location.hash, by: event };
    listener();
  };
  window.addEventListener("hashchange", onChange);
  return () => window.removeEventListener("hashchange", onChange);
}

/** Another object each time that somebody goes somewhere, and the same until then. */
export function useRoute(): Route {
  const gone = useSyncExternalStore(subscribe, placeNow);
  return useMemo(() => parseRoute(gone.hash), [gone]);
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
