import type Dockerode from "dockerode";
import type { EngineAddress } from "../../journal/docker-location.ts";
import { Door } from "./door/door.ts";
import type { DoorTarget } from "./door/door-session.ts";
import { reachesContainer } from "./engine-address.ts";
import { type Greeting, greet } from "./port-greeting.ts";
import type { FoundPort, FoundService } from "./project-services.ts";
import type { GreetedService } from "./propose-service.ts";

/** Ports that are asked what they speak, of one service. */
const GREETED_PORTS = 6;
const NEVER = new AbortController().signal;

/** Asks the ports of services what they speak; of a service whose addresses are not reached from here, through a door. */
export async function greetServices(
  docker: Dockerode,
  project: string,
  services: readonly FoundService[],
  engine: EngineAddress,
): Promise<GreetedService[]> {
  const door = new Door(docker, project);
  const greetPort = (service: FoundService, { inside, published }: FoundPort): Promise<Greeting> | undefined => {
    const { name } = service;
    const [host] = service.addresses;
    if (host !== undefined && reachesContainer(engine, host)) return greet(`${host}:${inside}`, NEVER);
    if (published) return greet(`127.0.0.1:${published}`, NEVER);
    return host === undefined ? undefined : greetThrough(door, name, { host, port: inside });
  };
  const greeted = async (service: FoundService) => {
    const greetings = await Promise.all(
      service.ports.slice(0, GREETED_PORTS).map(async (port): Promise<[number, Greeting][]> => {
        const greeting = await greetPort(service, port);
        return greeting === undefined ? [] : [[port.inside, greeting]];
      }),
    );
    return { ...service, greetings: new Map(greetings.flat()) };
  };
  try {
    return await Promise.all(services.map(greeted));
  } finally {
    await door.close();
  }
}

/** Where the engine starts no door, nothing is known of the port. */
async function greetThrough(door: Door, name: string, target: DoorTarget): Promise<Greeting> {
  const accepts = async () => {
    const connection = await door.dial(target).catch(() => undefined);
    connection?.destroy();
    return connection !== undefined;
  };
  const address = await door.forward(`${name}:${target.port}`, () => target).catch(() => undefined);
  return address === undefined ? { speaks: "nothing" } : greet(address, NEVER, accepts);
}
