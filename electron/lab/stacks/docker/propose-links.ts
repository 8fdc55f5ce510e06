import type { FoundService } from "./project-services.ts";

/** A link of a project as `x-lab.links` names it: connections of one service to a port of another. */
export interface ProposedLink {
  /** caller->callee */
  name: string;
  port: number;
}

const PORTS: Readonly<Record<string, number>> = {
  http: 80,
  ws: 80,
  https: 443,
  wss: 443,
  postgres: 5432,
  postgresql: 5432,
  mysql: 3306,
  redis: 6379,
  mongodb: 27_017,
  amqp: 5672,
  nats: 4222,
};

/**
 * The links of a project, by the addresses in environments and commands: a name or an address of a service in a value of another's
 * environment or in its command, with a port (`tools:3001`) or in a URL whose scheme has one. One for each pair.
 */
export function proposeLinks(services: readonly FoundService[]): ProposedLink[] {
  return services.flatMap((caller) => {
    const called = portsNamedIn([...caller.environment, ...caller.command]);
    return services.flatMap((callee): ProposedLink[] => {
      const host = caller === callee ? undefined : namesFor(caller, callee).find((name) => called.has(name));
      const port = host === undefined ? undefined : called.get(host);
      return port === undefined ? [] : [{ name: `${caller.name}->${callee.name}`, port }];
    });
  });
}

/** Services with the ports, too, at which others are configured to call them: an image need not name its own. */
export function withCalledPorts(services: readonly FoundService[]): FoundService[] {
  const called = Map.groupBy(proposeLinks(services), ({ name }) => name.slice(name.indexOf("->") + 2));
  return withPorts(services, new Map([...called].map(([name, links]) => [name, links.map(({ port }) => port)])));
}

/** @param more ports of services by their name */
export function withPorts(
  services: readonly FoundService[],
  more: ReadonlyMap<string, readonly number[]>,
): FoundService[] {
  return services.map((service) => {
    const named = more.get(service.name) ?? [];
    const missing = [...new Set(named)].filter((port) => !service.ports.some(({ inside }) => inside === port));
    const added = missing.map((inside) => ({ inside, published: undefined, hostAddress: "0.0.0.0" }));
    return { ...service, ports: [...service.ports, ...added].sort((one, other) => one.inside - other.inside) };
  });
}

/** By which the caller can reach the callee: what it and its containers have in networks, and what the caller alone links to it. */
function namesFor({ linked }: FoundService, { name, aliases, containers, addresses }: FoundService): string[] {
  const own = linked.filter(({ container }) => containers.includes(container)).map(({ alias }) => alias);
  return [name, ...aliases, ...containers, ...own, ...addresses];
}

/** A host, as a whole, perhaps in a URL and perhaps with a port. */
const HOST = /(?:([a-z][a-z0-9]*)(?:\+[a-z0-9]+)?:\/\/(?:[^\s/@]*@)?)?([\w-]+(?:\.[\w-]+)*)(?::(\d{1,5}))?/g;

/** The port of each host that texts name with one; the first of several. */
function portsNamedIn(texts: readonly string[]): Map<string, number> {
  const ports = new Map<string, number>();
  for (const text of texts) {
    for (const [, scheme = "", host = "", named] of text.matchAll(HOST)) {
      const port = named === undefined ? PORTS[scheme] : Number(named);
      if (port !== undefined && port > 0 && port < 65_536 && !ports.has(host)) ports.set(host, port);
    }
  }
  return ports;
}
