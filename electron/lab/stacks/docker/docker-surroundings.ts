import type Dockerode from "dockerode";
import type { LifecycleFault } from "../../../model/lifecycle-fault.ts";
import type { Baseline, ContainerBaseline } from "../../journal/baseline.ts";
import { LabError } from "../../lab-error.ts";
import type { Surroundings } from "../surroundings.ts";
import { LABEL } from "./compose-labels.ts";
import { hasOwnNetworks } from "./container-view.ts";
import { endpointsOf } from "./endpoints.ts";
import { ask } from "./engine-error.ts";
import { failingHealthCheck } from "./health-check.ts";
import { differencesOf, inspectionOf } from "./inspection.ts";
import {
  type InspectedSharer,
  nameOf,
  ownersOf,
  possibleSharers,
  sharersAmong,
  sharingOf,
} from "./shared-namespaces.ts";

type Inspected = Dockerode.ContainerInspectInfo;
type IsHeld = (service: string) => boolean;

/** What surrounds the containers of one project: networks, names, addresses, health, and namespaces that they share. */
export class DockerSurroundings implements Surroundings {
  readonly #docker: Dockerode;
  readonly #project: string;

  constructor(docker: Dockerode, project: string) {
    this.#docker = docker;
    this.#project = project;
  }

  async observe(
    service: string,
    kind: LifecycleFault,
    containers: readonly string[],
    known: readonly Baseline[],
  ): Promise<Baseline> {
    const inspected = await Promise.all(containers.map((id) => this.#inspect(id)));
    const targets = inspected.filter((each) => each !== undefined);
    for (const target of targets) assertCanBeUndone(service, kind, target);
    const possible = await possibleSharers(this.#docker, this.#project);
    const all = targets.flatMap((target) => sharersAmong(possible, target, kind));
    // One of others that has ended, such as a debugger that nobody removed, loses nothing.
    const sharers = all.filter(({ container }) => this.#isOurs(container) || container.State.Running);
    this.#assertAllOurs(service, kind, sharers);
    const before = known.flatMap((each) => each.containers);
    const observed = [...(await Promise.all(targets.map((target) => this.#withShares(target)))), ...sharers];
    return {
      containers: observed.map((each) => before.find(({ id }) => id === each.container.Id) ?? baselineOf(each)),
      ...(targets.length === 1 ? {} : { targets: targets.length }),
    };
  }

  async #withShares(container: Inspected): Promise<InspectedSharer> {
    const owners = await Promise.all(ownersOf(container).map(({ owner }) => this.#inspect(owner)));
    return {
      container,
      shares: sharingOf(
        container,
        owners.filter((each) => each !== undefined),
      ),
    };
  }

  async restore({ containers, targets = 1 }: Baseline, isHeld: IsHeld): Promise<string[]> {
    const restarted: string[] = [];
    for (const [index, before] of containers.entries()) {
      if (isHeld(before.service) || before.state === "stopped") continue;
      const found = await this.#inspect(before.id);
      if (found === undefined) continue;
      // Of the target itself it is for its fault's own undo to say whether it is to run.
      const hasEnded = index >= targets && !found.State.Running;
      if (!hasEnded && !(await this.#lostItsNamespace(found, before))) continue;
      await this.#restart(found, before);
      restarted.push(before.service);
    }
    return restarted;
  }

  async differences({ containers }: Baseline, isHeld: IsHeld, signal: AbortSignal): Promise<string[]> {
    const compared = containers.filter(({ service }) => !isHeld(service));
    const differences = await Promise.all(compared.map((before) => this.#differencesOf(before, signal)));
    return differences.flat();
  }

  async #differencesOf(before: ContainerBaseline, signal: AbortSignal): Promise<string[]> {
    const { service } = before;
    const found = await this.#inspect(before.id);
    if (found === undefined) return [`${service} was removed`];
    const differences = differencesOf(before.inspection, inspectionOf(found));
    if (await this.#lostItsNamespace(found, before))
      differences.push("it is cut off from the namespace that it shares");
    if (differences.length > 0 || !before.isHealthy) return differences.map((each) => `${service}: ${each}`);
    const failure = await failingHealthCheck(this.#docker, found, signal);
    return failure === undefined ? [] : [`${service}: its health check passed, and now fails: ${failure}`];
  }

  /** True when the one that owns it has been restarted since, and this one has not. */
  async #lostItsNamespace(found: Inspected, { shares }: ContainerBaseline): Promise<boolean> {
    const owners = await Promise.all(shares.map(({ id }) => this.#inspect(id)));
    return shares.some(({ startedAt }, index) => {
      const owner = owners[index]?.State.StartedAt;
      return owner !== undefined && owner !== startedAt && isLater(owner, found.State.StartedAt);
    });
  }

  async #restart(found: Inspected, { service, state }: ContainerBaseline): Promise<void> {
    if (!this.#isOurs(found)) {
      throw new LabError("internal", `container ${found.Name} is not of project ${this.#project}`);
    }
    const container = this.#docker.getContainer(found.Id);
    const doing = `restarting ${service}, which shares a namespace`;
    // A frozen process cannot handle its stop signal: waiting for it would run into the time limit.
    if (found.State.Paused) await ask(doing, () => container.unpause(), [{ status: 500, says: /is not paused/ }]);
    await ask(doing, () => container.restart());
    if (state === "paused") await ask(doing, () => container.pause(), [{ status: 409, says: /already paused/ }]);
  }

  #assertAllOurs(service: string, kind: LifecycleFault, sharers: readonly InspectedSharer[]): void {
    const foreign = sharers.find(({ container }) => !this.#isOurs(container));
    if (foreign === undefined) return;
    const [{ namespace, with: owner } = { namespace: "network", with: service }] = foreign.shares;
    const name = nameOf(foreign.container);
    throw new LabError(
      "precondition",
      `${kind} ${service} would cut off ${name}, which shares ${owner}'s ${namespace} and is not of project ${this.#project}: the lab restarts nothing of others`,
      { hint: `stop ${name} first (docker stop ${name}), or use pause, which cuts off nobody` },
    );
  }

  #isOurs({ Config }: Inspected): boolean {
    return Config.Labels[LABEL.project] === this.#project;
  }

  #inspect(id: string): Promise<Inspected | undefined> {
    return ask("looking at a container", () => this.#docker.getContainer(id).inspect(), [{ status: 404 }]);
  }
}

function assertCanBeUndone(service: string, kind: LifecycleFault, { HostConfig }: Inspected): void {
  if (kind === "disconnect" && !hasOwnNetworks(HostConfig)) {
    throw new LabError("unsupported", `${service} has no network of its own to be disconnected from`, {
      hint: `its network mode is ${HostConfig.NetworkMode}; use stop or pause instead`,
    });
  }
  if ((kind === "stop" || kind === "kill" || kind === "restart") && HostConfig.AutoRemove) {
    throw new LabError(
      "unsupported",
      `${service} is removed by the engine when it ends, and could not be started again`,
      {
        hint: "run it without --rm, or use pause",
      },
    );
  }
}

function baselineOf({ container, shares }: InspectedSharer): ContainerBaseline {
  const { Running, Paused, Health } = container.State;
  return {
    id: container.Id,
    service: nameOf(container),
    state: Paused ? "paused" : Running ? "running" : "stopped",
    isHealthy: Running && !Paused && Health?.Status === "healthy",
    shares,
    endpoints: endpointsOf(container),
    inspection: inspectionOf(container),
  };
}

/** The engine writes fractions of a second without zeros at their end, up to nine digits. */
function isLater(a: string, b: string): boolean {
  const [secondsA, fractionA] = parsed(a);
  const [secondsB, fractionB] = parsed(b);
  return secondsA === secondsB ? fractionA > fractionB : secondsA > secondsB;
}

function parsed(time: string): [string, string] {
  const [seconds = "", fraction = ""] = time.replace("Z", "").split(".");
  return [seconds, fraction.padEnd(9, "0")];
}
