import { createServer } from "node:net";
import { LabError } from "../lab-error.ts";
import { hasFaultProxy, type Service, type Stack } from "./stack-file.ts";

/** `fixed`: those of the stack file. `auto`: whatever is free, for a second stack beside the first. */
export type PortChoice = "fixed" | "auto";

/**
 * A host port for each service that publishes one, and for each link through a fault proxy the port that its caller is
 * sent to; links are only known by their names, so theirs are always free ones.
 * @throws LabError `port-taken` naming every port and its service
 */
export async function choosePorts(stack: Stack, choice: PortChoice): Promise<Record<string, number>> {
  const services = await servicePorts(stack, choice);
  const proxied = hasFaultProxy(stack) ? stack.links.map(({ name }) => name) : [];
  const free = await Promise.all(proxied.map(() => tryListen(0)));
  return { ...services, ...Object.fromEntries(proxied.map((name, index) => [name, free[index] ?? 0])) };
}

async function servicePorts(stack: Stack, choice: PortChoice): Promise<Record<string, number>> {
  const services = stack.services.flatMap((service) => (service.port ? [{ service, port: service.port }] : []));
  if (choice === "auto") {
    const free = await Promise.all(services.map(() => tryListen(0)));
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
      cure: "stop what uses it, run with --ports auto, or set the variable that the stack file names for the port",
    });
  }
  // A port that the file leaves open is chosen here, once, so that it is the same after a restart.
  const chosen = await Promise.all(services.map(({ port }) => port.hostPort || tryListen(0)));
  return Object.fromEntries(services.map(({ service }, index) => [service.name, chosen[index] ?? 0]));
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
