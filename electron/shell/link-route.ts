import { isRoute } from "../contract/bridge.ts";

export const LINK_SCHEME = "resilience-lab";

/** The place of the page that a link leads to; undefined for one that leads nowhere. Links come from anyone. */
export function routeOf(link: string): string | undefined {
  const prefix = `${LINK_SCHEME}://`;
  if (!link.startsWith(prefix)) return undefined;
  const route = link.slice(prefix.length).replace(/\/$/, "");
  return isRoute(route) ? route : undefined;
}

/** The first link among the words that an instance was started with. */
export function routeIn(words: readonly string[]): string | undefined {
  return words.map(routeOf).find((route) => route !== undefined);
}
