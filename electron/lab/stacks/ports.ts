import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { createServer } from "node:net";
import { LabError } from "../lab-error.ts";
import { entranceOf, hasFaultProxy, isProxied, type ProxiedLink, type Service, type Stack } from "./stack-file.ts";

/**
 * Below the ports that systems give to programs which name none (from 32768 on Linux, from 49152 elsewhere): one of those, free
 * when it was tried, may be somebody's by the time its service listens.
 */
const FREE_PORTS = { from: 16_384, to: 32_767 };

/** A button beside the error. */
export const USE_FREE_PORTS = "use free ports, or stop what uses these";

/** `fixed`: those of the stack file. `auto`: whatever is free, for a second stack beside the first. */
export type PortChoice = "fixed" | "auto";

/**
 * Ports of stacks of this process. Services are started after their ports were chosen, and a stopped one leaves its port
 * for a while, so another lab of this machine may choose the same. What keeps it away is a UDP socket on that number: it
 * disturbs no TCP service, and it ends with its process, however that ends.
 */
const claims = new Map<number, Socket>();

/**
 * A host port for each service that publishes one, and for each link through a fault proxy the port that its caller is
 * sent to; links are only known by their names, so theirs are always free ones. A link whose callers are outside the stack
 * has the port that its file names, unless that is taken: their configuration names it. No other lab of this machine gets one of
 * them until {@link releasePorts} or the end of this process.
 * @throws LabError `port-taken` naming every port and its service
 */
export async function choosePorts(stack: Stack, choice: PortChoice): Promise<Record<string, number>> {
  const services = await servicePorts(stack, choice);
  const proxied = hasFaultProxy(stack) ? stack.links.filter(isProxied) : [];
  const links: Record<string, number> = {};
  for (const link of proxied) links[link.name] = await linkPort(stack, link, choice);
  return { ...services, ...links };
}

async function linkPort(stack: Stack, link: ProxiedLink, choice: PortChoice): Promise<number> {
  const named = Number(link.listen.split(":").at(-1));
  const isWanted = choice === "fixed" && entranceOf(stack, link.to) === link;
  if (isWanted && (await claim(named))) return named;
  const [free = 0] = await freePorts(1);
  return free;
}

/** @param ports those of {@link choosePorts}; none of them is used any more */
export function releasePorts(ports: Record<string, number>): void {
  for (const port of Object.values(ports)) {
    claims.get(port)?.close();
    claims.delete(port);
  }
}

async function servicePorts(stack: Stack, choice: PortChoice): Promise<Record<string, number>> {
  const services = stack.services.flatMap((service) => (service.port ? [{ service, port: service.port }] : []));
  if (choice === "auto") {
    const free = await freePorts(services.length);
    return Object.fromEntries(services.map(({ service }, index) => [service.name, free[index] ?? 0]));
  }
  const named = services.filter(({ port }) => port.hostPort !== 0);
  const chosen: Record<string, number> = {};
  const taken: { service: Service; hostPort: number }[] = [];
  for (const { service, port } of named) {
    if (await claim(port.hostPort)) chosen[service.name] = port.hostPort;
    else taken.push({ service, hostPort: port.hostPort });
  }
  if (taken.length > 0) {
    releasePorts(chosen);
    const list = taken.map(({ service, hostPort }) => `${hostPort} (${service.name})`).join(", ");
    throw new LabError("port-taken", `already in use on 127.0.0.1: port ${list}`, {
      hint: {
        terminal:
          "stop what uses it, run with --ports auto, or set the variable that the stack file names for the port",
        window: USE_FREE_PORTS,
      },
    });
  }
  // A port that the file leaves open is chosen here, once, so that it is the same after a restart.
  const free = await freePorts(services.length - named.length);
  return Object.fromEntries(services.map(({ service }) => [service.name, chosen[service.name] ?? free.shift() ?? 0]));
}

/** So many different ones that nobody listens on. */
async function freePorts(count: number): Promise<number[]> {
  const found: number[] = [];
  while (found.length < count) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to + 1);
    if (await claim(port)) found.push(port);
  }
  return found;
}

/** False when another lab has claimed it, or something listens on it. */
async function claim(port: number): Promise<boolean> {
  if (claims.has(port)) return false;
  const socket = createSocket("udp4");
  const isOurs = await new Promise<boolean>((resolve) => {
    socket.once("error", () => resolve(false));
    socket.bind({ address: "127.0.0.1", port, exclusive: true }, () => resolve(true));
  });
  if (isOurs && (await isFree(port))) {
    claims.set(port, socket.unref());
    return true;
  }
  socket.close();
  return false;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
