import type Dockerode from "dockerode";
import { AbortScope, isTimeout, orAbort, within } from "../../abort-scope.ts";
import { systemClock } from "../../clock.ts";
import type { DockerLocation } from "../../journal/docker-location.ts";
import type { RegisteredStack, StackRegister } from "../../journal/stack-register.ts";
import { LabError } from "../../lab-error.ts";
import { ENDPOINT_VARIABLE, type Telemetry } from "../../telemetry/telemetry.ts";
import { LAB_VERSION } from "../../version.ts";
import type { StackProgress } from "../backend.ts";
import { namedVolumesOf, networksOf } from "../compose-names.ts";
import type { Stack } from "../stack-file.ts";
import { LABEL } from "./compose-labels.ts";
import { lastContainerLines } from "./container-logs.ts";
import { containerSpec, networkName, volumeName } from "./container-spec.ts";
import { endpointConfig } from "./endpoints.ts";
import { ask } from "./engine-error.ts";
import { ensureImages } from "./images.ts";
import { ProjectWatch } from "./project-watch.ts";
import { addressFromNetwork } from "./telemetry-address.ts";

const LAST_LINES = 8;
/** What a service waits for another to be healthy; as long as compose's own patience with a slow first start. */
const CONDITION_LIMIT_MS = 120_000;

export interface BringUp {
  docker: Dockerode;
  stack: Stack;
  registered: RegisteredStack & { docker: DockerLocation };
  register: StackRegister;
  signal: AbortSignal;
  report: ((progress: StackProgress) => void) | undefined;
  telemetry?: Telemetry | undefined;
}

/** Brings a project up as compose does: images, networks, volumes, containers, and their start as each may begin. */
export async function bringUp(plan: BringUp): Promise<void> {
  const images = await ensureImages(plan.docker, plan.stack, plan.signal, plan.report);
  plan.signal.throwIfAborted();
  await ensureNetworks(plan);
  await ensureVolumes(plan);
  const ids = new Map<string, string>();
  for (const service of Object.keys(plan.stack.document.services)) {
    plan.signal.throwIfAborted();
    ids.set(service, await create(plan, service, images.get(service) ?? ""));
  }
  await startInOrder(plan, ids);
}

async function ensureNetworks({ docker, stack, registered, register }: BringUp): Promise<void> {
  const used = new Set(
    Object.values(stack.document.services).flatMap((each) => networksOf(each).map(([name]) => name)),
  );
  for (const name of used) {
    const options = stack.document.networks?.[name];
    const fullName = networkName(stack, name);
    const present = await ask(`looking for network ${fullName}`, () => docker.getNetwork(fullName).inspect(), [
      { status: 404 },
    ]);
    if (present !== undefined) continue;
    if (options?.external) throw missing("network", fullName);
    registered.docker.networks.push(fullName);
    register.setDocker(registered.id, registered.docker);
    await ask(`creating network ${fullName}`, () =>
      docker.createNetwork({
        Name: fullName,
        CheckDuplicate: true,
        Attachable: true,
        Driver: options?.driver ?? "bridge",
        Internal: options?.internal ?? false,
        Labels: { [LABEL.project]: stack.project, [LABEL.network]: name, [LABEL.version]: LAB_VERSION },
        ...(options?.ipam === undefined ? {} : { IPAM: ipamOf(options.ipam) }),
      }),
    );
  }
}

function ipamOf({ config }: { config: { subnet: string; gateway?: string | undefined }[] }): Dockerode.IPAM {
  const Config = config.map(({ subnet, gateway }) => ({ Subnet: subnet, ...(gateway ? { Gateway: gateway } : {}) }));
  return { Driver: "default", Config };
}

async function ensureVolumes({ docker, stack, registered, register }: BringUp): Promise<void> {
  const used = new Set(Object.values(stack.document.services).flatMap(namedVolumesOf));
  for (const name of used) {
    const fullName = volumeName(stack, name);
    const present = await ask(`looking for volume ${fullName}`, () => docker.getVolume(fullName).inspect(), [
      { status: 404 },
    ]);
    if (present !== undefined) continue;
    if (stack.document.volumes?.[name]?.external) throw missing("volume", fullName);
    registered.docker.volumes.push(fullName);
    register.setDocker(registered.id, registered.docker);
    await ask(`creating volume ${fullName}`, () =>
      docker.createVolume({
        Name: fullName,
        Labels: { [LABEL.project]: stack.project, [LABEL.volume]: name, [LABEL.version]: LAB_VERSION },
      }),
    );
  }
}

function missing(what: string, name: string): LabError {
  return new LabError("precondition", `${what} ${name} is external in the stack file, and there is none`, {
    hint: `create it: docker ${what} create ${name}`,
  });
}

async function create(plan: BringUp, service: string, imageId: string): Promise<string> {
  const { docker, stack, registered } = plan;
  const spec = containerSpec(stack, service, registered.ports, imageId);
  spec.create.Env = await environmentOf(spec.create, plan);
  const container = await ask(`creating the container of ${service}`, () => docker.createContainer(spec.create));
  if (container === undefined) throw new LabError("internal", `no container was created for ${service}`);
  for (const endpoint of spec.more) {
    const EndpointConfig = endpointConfig(endpoint);
    await ask(`connecting ${service} to ${endpoint.network}`, () =>
      docker.getNetwork(endpoint.network).connect({ Container: container.id, EndpointConfig }),
    );
  }
  return container.id;
}

/** With the address at which a container of its network reaches the lab, where the service asks for one. */
async function environmentOf(
  { Env = [], HostConfig }: Dockerode.ContainerCreateOptions,
  { docker, registered, telemetry }: BringUp,
): Promise<string[]> {
  if (telemetry === undefined || !Env.includes(`${ENDPOINT_VARIABLE}=`)) return Env;
  const network = HostConfig?.NetworkMode ?? "default";
  const address = await addressFromNetwork(docker, registered.docker.engine, network, telemetry);
  const added = address === undefined ? undefined : telemetry.environmentFor(address);
  if (added === undefined) return Env;
  const names = Object.keys(added);
  const kept = Env.filter((entry) => !names.some((name) => entry.startsWith(`${name}=`)));
  return [...kept, ...Object.entries(added).map(([name, value]) => `${name}=${value}`)];
}

/** All at once, but each after what it depends on is as it wants it; the first that fails stops the rest. */
async function startInOrder(plan: BringUp, ids: ReadonlyMap<string, string>): Promise<void> {
  const { stack, docker, report } = plan;
  const failed = new AbortScope(plan.signal);
  const { signal } = failed;
  const watch = new ProjectWatch(docker, stack.project, systemClock.sleep);
  const started = new Map<string, Promise<void>>();
  const start = (service: string): Promise<void> => {
    const known = started.get(service);
    if (known !== undefined) return known;
    const conditions = Object.entries(stack.document.services[service]?.depends_on ?? {});
    const work = (async () => {
      await Promise.all(
        conditions.map(async ([name, condition]) => {
          await start(name);
          if (condition === "service_started") return;
          await waitFor({ docker, service: name, id: ids.get(name) ?? "", condition }, watch, signal);
        }),
      );
      signal.throwIfAborted();
      report?.({ service, state: "starting" });
      await ask(`starting ${service}`, () => docker.getContainer(ids.get(service) ?? "").start(), [{ status: 304 }]);
    })();
    started.set(service, work);
    work.catch((error: unknown) => failed.abort(error));
    return work;
  };
  await Promise.allSettled(Object.keys(stack.document.services).map(start));
  failed.end();
  await watch.close();
  signal.throwIfAborted();
}

interface AwaitedContainer {
  docker: Dockerode;
  service: string;
  id: string;
  condition: "service_healthy" | "service_completed_successfully";
}

/**
 * Resolves when a container is as another wants it, looked at now and when the engine reports it.
 * @throws LabError when it never will be
 */
async function waitFor(awaited: AwaitedContainer, watch: ProjectWatch, signal: AbortSignal): Promise<void> {
  const { docker, service, id, condition } = awaited;
  let wake = () => {};
  const forget = watch.onChange((changed) => {
    if (changed === service) wake();
  });
  try {
    await within(signal, CONDITION_LIMIT_MS, async (limit) => {
      for (;;) {
        // Before the look: what changes while it is on its way is looked at again.
        const woken = Promise.withResolvers<void>();
        wake = woken.resolve;
        if (await isAsWanted(awaited)) return;
        await orAbort(woken.promise, limit);
      }
    });
  } catch (error) {
    if (signal.aborted || !isTimeout(error)) throw error;
    throw await unhealthy(docker, service, id, `is not ${condition} in time`);
  } finally {
    forget();
  }
}

/** @throws LabError when the container never will be */
async function isAsWanted({ docker, service, id, condition }: AwaitedContainer): Promise<boolean> {
  const found = await ask(`looking at ${service}`, () => docker.getContainer(id).inspect());
  const { Status, Health, ExitCode } = found?.State ?? {};
  const hasEnded = Status === "exited" || Status === "dead";
  if (condition === "service_completed_successfully" && hasEnded && ExitCode === 0) return true;
  if (condition === "service_healthy" && Health?.Status === "healthy") return true;
  if (condition === "service_healthy" && Health === undefined && !hasEnded) {
    throw new LabError("bad-input", `others wait for ${service} to be healthy, but it has no healthcheck`);
  }
  if (hasEnded) throw await unhealthy(docker, service, id, `exited with code ${ExitCode}`);
  if (Health?.Status === "unhealthy") {
    const output = Health.Log?.at(-1)?.Output?.trim();
    throw await unhealthy(docker, service, id, `is unhealthy${output ? `: ${output}` : ""}`);
  }
  return false;
}

async function unhealthy(docker: Dockerode, service: string, id: string, what: string): Promise<LabError> {
  const lines = await lastContainerLines(docker, id, LAST_LINES).catch(() => []);
  const tail = lines.length > 0 ? `; its last lines:\n${lines.map((line) => `    ${line}`).join("\n")}` : "";
  return new LabError("unhealthy", `${service} ${what}${tail}`);
}
