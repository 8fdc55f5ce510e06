import { useSyncExternalStore } from "react";
import { formatRoute, parseRoute, type Route } from "./route.ts";

interface Place {
  /** A new object for each navigation, also to the same address. */
  route: Route;
  /** The address, as it was amended since. While it is another one, a navigation is under way whose event is to come. */
  hash: string;
  by: Event | undefined;
}

/** Where the last navigation led. Amending the address is none. */
let place: Place | undefined;

function routeNow(): Route {
  place ??= arrive(undefined);
  return place.route;
}

function arrive(by: Event | undefined): Place {
  const { hash } = window.location;
  return { route: parseRoute(hash), hash, by };
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
  return useSyncExternalStore(subscribe, routeNow);
}

export function goTo(route: Route): void {
  window.location.hash = formatRoute(route);
}

/**
 * Changes what the address reopens of the page shown, without a new entry in the browser's history: a cursor moves and a
 * filter is typed too often for that.
 * @param shown the route by which it is shown: nothing changes once another navigation has begun
 */
export function amendAddress(shown: Route, amended: Route): void {
  if (place === undefined || place.route !== shown || window.location.hash !== place.hash) return;
  const hash = formatRoute(amended);
  if (hash === place.hash) return;
  window.history.replaceState(null, "", hash);
  place.hash = hash;
}
