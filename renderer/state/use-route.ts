import { useMemo, useSyncExternalStore } from "react";
import { formatRoute, parseRoute, type Route } from "./route.ts";

/** The last navigation. Navigating to the same route again is a new one; amending the address is not. */
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

/** A new object for each navigation, the same until then. */
export function useRoute(): Route {
  const gone = useSyncExternalStore(subscribe, placeNow);
  return useMemo(() => parseRoute(gone.hash), [gone]);
}

export function goTo(route: Route): void {
  window.location.hash = formatRoute(route);
}

/**
 * Changes what the address reopens of the page shown, without a new entry in the browser's history: a cursor moves and a
 * filter is typed too often for that. If the address is already another page's, the page is being left and nothing changes.
 */
export function amendAddress(route: Extract<Route, { at: "run" | "history" | "lab" }>): void {
  const here = parseRoute(window.location.hash);
  if (here.at !== route.at || (here.at === "run" && route.at === "run" && here.runId !== route.runId)) return;
  const hash = formatRoute(route);
  if (hash !== window.location.hash) window.history.replaceState(null, "", hash);
}
