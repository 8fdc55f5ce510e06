import type Dockerode from "dockerode";
import type { Baseline, Endpoint } from "../../journal/baseline.ts";
import type { ServiceIdentity } from "../../journal/service-identity.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import { settleAll } from "../../settle-all.ts";
import type { ReplicaState, ServiceState, StackDriver } from "../driver.ts";
import type { LinkSidecars } from "../link-sidecars.ts";
import { stateOfAll } from "../replica-states.ts";
import type { Surroundings } from "../surroundings.ts";
import { byNumber, containersOf, LABEL } from "./compose-labels.ts";
import { containerName, isIsolated } from "./container-view.ts";
import { DockerSurroundings } from "./docker-surroundings.ts";
import { disconnect, endpointsOf, reconnect } from "./endpoints.ts";
import { ask } from "./engine-error.ts";
import { DockerLinkSidecars } from "./sidecar/docker-link-sidecars.ts";

/** The engine gives up when a process begins as it freezes them all, as one of a health check does; it is tried again. */
const FREEZE_ATTEMPTS = 5;

type Inspected = Dockerode.ContainerInspectInfo;

/**
 * Services as containers of one compose project. Every call looks the containers up by the project's labels first and
 * acts on the ids it has found, so that no other container can be hit, whatever happened to the names.
 */
export class DockerDriver implements StackDriver {
  readonly kind = "docker";
  readonly surroundings: Surroundings;
  readonly sidecars: LinkSidecars;
  readonly #docker: Dockerode;
  readonly #project: string;

  /** @param stackId the stack's id in the journal */
  constructor(docker: Dockerode, project: string, stackId: string) {
    this.#docker = docker;
    this.#project = project;
    this.sidecars = new DockerLinkSidecars(docker, project, stackId);
    this.surroundings = new DockerSurroundings(docker, project);
  }

  async stateOf(service: string, container?: string): Promise<ServiceState> {
    const found = await this.#found(service, container);
    return stateOfAll(found.map(stateOfContainer));
  }

  async replicas(service: string): Promise<ReplicaState[]> {
    const found = await this.#found(service);
    return found.map((each) => ({ state: stateOfContainer(each), name: containerName(each.Name) }));
  }

  async start(service: string, container?: string): Promise<void> {
    await this.#each(service, container, (each) => ask(`starting ${service}`, () => each.start(), [{ status: 304 }]));
  }

  async stop(service: string, container?: string): Promise<void> {
    await this.#each(service, container, async (each, { State }) => {
      // A frozen process cannot handle its stop signal: waiting for it would run into the time limit.
      if (State.Paused) await resume(service, each);
      await ask(`stopping ${service}`, () => each.stop(), [{ status: 304 }]);
    });
  }

  async kill(service: string, container?: string): Promise<void> {
    await this.#each(service, container, async (each) => {
      await ask(`killing ${service}`, () => each.kill(), [{ status: 409, says: /is not running/ }]);
      // The engine answers when the signal is sent; the service is gone a moment later.
      await ask(`killing ${service}`, () => each.wait());
    });
  }

  async pause(service: string, container?: string): Promise<void> {
    await this.#each(service, container, (each) => pause(service, each));
  }

  async resume(service: string, container?: string): Promise<void> {
    await this.#each(service, container, (each) => resume(service, each));
  }

  async disconnect(service: string, container?: string): Promise<void> {
    await this.#each(service, container, (_, found) =>
      eachInTurn(endpointsOf(found), (endpoint) => disconnect(this.#docker, found.Id, endpoint)),
    );
  }

  async reconnect(service: string, before: Baseline | undefined, container?: string): Promise<void> {
    await this.#each(service, container, async (_, { Id: id }) => {
      const known = before?.containers.find((each) => each.id === id);
      if (known === undefined) {
        throw new LabError("internal", `the journal does not say how ${service} was connected`, {
          hint: `have it made again: docker compose -p ${this.#project} up -d --force-recreate ${service}`,
        });
      }
      await eachInTurn(known.endpoints, (endpoint) => reconnect(this.#docker, known, endpoint));
    });
  }

  /** The containers of a service, or the one with that id, in their order. */
  async #found(service: string, container?: string): Promise<Inspected[]> {
    const listed = await containersOf(this.#docker, this.#project, service);
    const wanted = container === undefined ? listed : listed.filter(({ Id }) => Id === container);
    const found = await Promise.all(
      wanted.map(({ Id }) =>
        ask(`inspecting ${service}`, () => this.#docker.getContainer(Id).inspect(), [{ status: 404 }]),
      ),
    );
    return found
      .filter((each) => each !== undefined)
      .map((each) => this.#ours(service, each))
      .sort(byNumber);
  }

  #ours(service: string, found: Inspected): Inspected {
    const { Labels } = found.Config;
    if (Labels[LABEL.project] === this.#project && Labels[LABEL.service] === service) return found;
    throw new LabError("internal", `container ${found.Name} is not ${service} of project ${this.#project}`);
  }

  /** All at once; when one fails, only after all have come to their end. */
  async #each(
    service: string,
    container: string | undefined,
    work: (container: Dockerode.Container, found: Inspected) => Promise<unknown>,
  ): Promise<void> {
    const found = await this.#found(service, container);
    if (found.length === 0) {
      throw new LabError(
        "precondition",
        `${service} has no container in project ${this.#project}: someone removed it`,
        {
          hint: `bring it back with docker compose -p ${this.#project} up -d ${service}`,
        },
      );
    }
    await settleAll(found.map((each) => work(this.#docker.getContainer(each.Id), each)));
  }
}

/** In their order, all of them, whatever fails. */
async function eachInTurn(endpoints: readonly Endpoint[], work: (endpoint: Endpoint) => Promise<void>): Promise<void> {
  const all: Promise<void>[] = [];
  for (const endpoint of endpoints) {
    const done = work(endpoint);
    all.push(done);
    await done.catch(() => {});
  }
  await settleAll(all);
}

function stateOfContainer(found: Inspected): ServiceState {
  const identity: ServiceIdentity = { kind: "container", id: found.Id, startedAt: found.State.StartedAt };
  if (found.State.Paused) return { is: "paused", identity };
  if (found.State.Restarting) return { is: "stopped", identity, isComingBack: true };
  if (!found.State.Running) return { is: "stopped", identity };
  return isIsolated(found) ? { is: "running", identity, isIsolated: true } : { is: "running", identity };
}

async function pause(service: string, container: Dockerode.Container): Promise<void> {
  const once = () => ask(`pausing ${service}`, () => container.pause(), [{ status: 409, says: /already paused/ }]);
  for (let attempt = 1; attempt < FREEZE_ATTEMPTS; attempt++) {
    try {
      await once();
      return;
    } catch (error) {
      if (!messageOf(error).includes("unable to freeze")) throw error;
    }
  }
  await once();
}

async function resume(service: string, container: Dockerode.Container): Promise<void> {
  await ask(`resuming ${service}`, () => container.unpause(), [{ status: 500, says: /is not paused/ }]);
}
