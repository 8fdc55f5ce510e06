/** The API's representation of links. */
import type { Link, Route } from "../links/link.ts";

export interface LinkJson {
  name: string;
  listen: string;
  upstream: string;
  /** Further addresses, where the link has some. */
  also?: readonly Route[];
  enabled: boolean;
  /** Live connections. */
  connections: number;
  /** When a link that is down temporarily reopens, in milliseconds since the epoch. */
  enabled_at?: number;
  /** Upstream direction first, each direction in the order of addition. */
  toxics: Record<string, unknown>[];
}

export function linkJson(link: Link): LinkJson {
  const of = (direction: string): Record<string, unknown>[] =>
    link.toxics().flatMap((toxic) => (toxic.direction === direction ? [toxic.toJson()] : []));
  return {
    name: link.name,
    listen: link.listen,
    upstream: link.upstream,
    ...(link.also.length > 0 && { also: link.also }),
    enabled: link.isEnabled,
    connections: link.connections().size,
    ...(link.backAt !== undefined && { enabled_at: link.backAt }),
    toxics: [...of("upstream"), ...of("downstream")],
  };
}

export function linksJson(links: readonly Link[]): Record<string, LinkJson> {
  return Object.fromEntries(links.map((link) => [link.name, linkJson(link)]));
}
