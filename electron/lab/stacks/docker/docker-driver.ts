import type Dockerode from "dockerode";
import type { Baseline } from "../../journal/baseline.ts";
import type { ServiceIdentity } from "../../journal/service-identity.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import type { ServiceState, StackDriver } from "../driver.ts";
import type { LinkSidecars } from "../link-sidecars.ts";
import type { Surroundings } from "../surroundings.ts";
import { containerOf, LABEL } from "./compose-labels.ts";
import { isIsolated } from "./container-view.ts";
import { DockerSurroundings } from "./docker-surroundings.ts";
import { disconnect, endpointsOf, reconnect } from "./endpoints.ts";
import { ask } from "./engine-error.ts";
import { DockerLinkSidecars } from "./sidecar/docker-link-sidecars.ts";

/** The engine gives up when a process begins as it freezes them all, as one of a health check does; it is tried again. */
const FREEZE_ATTEMPTS = 5;

type Inspected = Dockerode.ContainerInspectInfo;

/**
 * Services as containers of one compose project. Every call looks the container up by the project's labels first and
 * acts on the id it has found, so that no other container can be hit, whatever happened to the names.
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
    this.surroundings = new DockerSurroundings(docker, project, async (service) =>
      this.#present(service, await this.#find(service)),
    );
  }

  async stateOf(service: string): Promise<ServiceState> {
    const found = await this.#find(service);
    if (found === undefined) return { is: "absent" };
    const identity: ServiceIdentity = { kind: "container", id: found.Id, startedAt: found.State.StartedAt };
    if (found.State.Paused) return { is: "paused", identity };
    if (found.State.Restarting) return { is: "stopped", identity, isComingBack: true };
    if (!found.State.Running) return { is: "stopped", identity };
    return isIsolated(found) ? { is: "running", identity, isIsolated: true } : { is: "running", identity };
  }

  async start(service: string): Promise<void> {
    const container = await this.#container(service);
    await ask(`starting ${service}`, () => container.start(), [{ status: 304 }]);
  }

  async stop(service: string): Promise<void> {
    const found = this.#present(service, await this.#find(service));
    // A frozen process cannot handle its stop signal: waiting for it would run into the time limit.
    if (found.State.Paused) await this.resume(service);
    const container = this.#docker.getContainer(found.Id);
    await ask(`stopping ${service}`, () => container.stop(), [{ status: 304 }]);
  }

  async kill(service: string): Promise<void> {
    const container = await this.#container(service);
    await ask(`killing ${service}`, () => container.kill(), [{ status: 409, says: /is not running/ }]);
    // The engine answers when the signal is sent; the service is gone a moment later.
    await ask(`killing ${service}`, () => container.wait());
  }

  async pause(service: string): Promise<void> {
    const container = await this.#container(service);
    const pause = () => ask(`pausing ${service}`, () => container.pause(), [{ status: 409, says: /already paused/ }]);
    for (let attempt = 1; attempt < FREEZE_ATTEMPTS; attempt++) {
      try {
        await pause();
        return;
      } catch (error) {
        if (!messageOf(error).includes("unable to freeze")) throw error;
      }
    }
    await pause();
  }

  async resume(service: string): Promise<void> {
    const container = await this.#container(service);
    await ask(`resuming ${service}`, () => container.unpause(), [{ status: 500, says: /is not paused/ }]);
  }

  async disconnect(service: string): Promise<void> {
    const found = this.#present(service, await this.#find(service));
    for (const endpoint of endpointsOf(found)) await disconnect(this.#docker, found.Id, endpoint);
  }

  async reconnect(service: string, before: Baseline | undefined): Promise<void> {
    const { Id: id } = this.#present(service, await this.#find(service));
    const known = before?.containers.find((each) => each.id === id);
    if (known === undefined) {
      throw new LabError("internal", `the journal does not say how ${service} was connected`, {
        hint: `have it made again: docker compose -p ${this.#project} up -d --force-recreate ${service}`,
      });
    }
    for (const endpoint of known.endpoints) await reconnect(this.#docker, id, endpoint);
  }

  async #find(service: string): Promise<Inspected | undefined> {
    const listed = await containerOf(this.#docker, this.#project, service);
    if (listed === undefined) return undefined;
    const container = this.#docker.getContainer(listed.Id);
    const found = await ask(`looking at ${service}`, () => container.inspect(), [{ status: 404 }]);
    if (found === undefined) return undefined;
    const { Labels } = found.Config;
    if (Labels[LABEL.project] === this.#project && Labels[LABEL.service] === service) return found;
    throw new LabError("internal", `container ${found.Name} is not ${service} of project ${this.#project}`);
  }

  async #container(service: string): Promise<Dockerode.Container> {
    return this.#docker.getContainer(this.#present(service, await this.#find(service)).Id);
  }

  #present(service: string, found: Inspected | undefined): Inspected {
    if (found !== undefined) return found;
    throw new LabError("precondition", `${service} has no container in project ${this.#project}: someone removed it`, {
      hint: `bring it back with docker compose -p ${this.#project} up -d ${service}`,
    });
  }
}
