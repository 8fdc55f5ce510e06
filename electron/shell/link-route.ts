import { isRoute } from "../contract/bridge.ts";

export const LINK_SCHEME = "resilience-lab";

/** The route that a link opens; undefined for an invalid link. Links are untrusted input. */
export function routeOf(link: string): string | undefined {
  const prefix = `${LINK_SCHEME}://`;
  if (!link.startsWith(prefix)) return undefined;
  const route = link.slice(prefix.length).replace(/\/$/, "");
  return isRoute(route) ? route : undefined;
}

/** The route of the first valid link among the arguments that an instance was started with. */
export function routeIn(args: readonly string[]): string | undefined {
  return args.map(routeOf).find((route) => route !== undefined);
}
