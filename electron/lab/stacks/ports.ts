import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { LabError } from "../lab-error.ts";
import { hasFaultProxy, isProxied, type Service, type Stack } from "./stack-file.ts";

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
 * A host port for each service that publishes one, and for each link through a fault proxy the port that its caller is
 * sent to; links are only known by their names, so theirs are always free ones.
 * @throws LabError `port-taken` naming every port and its service
 */
export async function choosePorts(stack: Stack, choice: PortChoice): Promise<Record<string, number>> {
  const services = await servicePorts(stack, choice);
  const proxied = hasFaultProxy(stack) ? stack.links.filter(isProxied).map(({ name }) => name) : [];
  const free = await freePorts(proxied.length, Object.values(services));
  return { ...services, ...Object.fromEntries(proxied.map((name, index) => [name, free[index] ?? 0])) };
}

async function servicePorts(stack: Stack, choice: PortChoice): Promise<Record<string, number>> {
  const services = stack.services.flatMap((service) => (service.port ? [{ service, port: service.port }] : []));
  if (choice === "auto") {
    const free = await freePorts(services.length);
    return Object.fromEntries(services.map(({ service }, index) => [service.name, free[index] ?? 0]));
  }
  const taken: { service: Service; hostPort: number }[] = [];
  for (const { service, port } of services) {
    if (port.hostPort !== 0 && (await tryListen(port.hostPort)) === undefined) {
      taken.push({ service, hostPort: port.hostPort });
    }
  }
  if (taken.length > 0) {
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
  const named = services.flatMap(({ port }) => (port.hostPort === 0 ? [] : [port.hostPort]));
  const free = await freePorts(services.length - named.length, named);
  return Object.fromEntries(services.map(({ service, port }) => [service.name, port.hostPort || (free.shift() ?? 0)]));
}

/** So many different ones that nobody listens on, and none of `besides`. */
async function freePorts(count: number, besides: readonly number[] = []): Promise<number[]> {
  const found = new Set<number>();
  while (found.size < count) {
    const port = randomInt(FREE_PORTS.from, FREE_PORTS.to + 1);
    if (!besides.includes(port) && (await tryListen(port)) !== undefined) found.add(port);
  }
  return [...found];
}

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}
