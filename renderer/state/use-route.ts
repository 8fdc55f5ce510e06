import { useMemo, useSyncExternalStore } from "react";
import { formatRoute, parseRoute, type Route } from "./route.ts";

/** The last navigation. Navigating to the same route again is a new one; amending the address is not. */
let place: { hash: string; by: Event | undefined } | undefined;
/** The address as the page knows it. While it is another one, a navigation is under way of which the page has had no event yet. */
let known = "";

function placeNow(): { hash: string } {
  place ??= arrive(undefined);
  return place;
}

function arrive(by: Event | undefined): { hash: string; by: Event | undefined } {
  known = window.location.hash;
  return { hash: known, by };
}

function subscribe(listener: () => void): () => void {
  const onChange = (event: Event) => {
    if (place?.by !== event) place = arrive(event);
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
 * filter is typed too often for that. Nothing changes while the page, or what it shows, is being left.
 */
export function amendAddress(route: Extract<Route, { at: "run" | "history" | "lab" }>): void {
  if (window.location.hash !== known) return;
  const here = parseRoute(known);
  if (here.at !== route.at || (here.at === "run" && route.at === "run" && here.runId !== route.runId)) return;
  const hash = formatRoute(route);
  if (hash === known) return;
  window.history.replaceState(null, "", hash);
  known = hash;
}
