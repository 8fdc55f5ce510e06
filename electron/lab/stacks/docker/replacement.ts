import type Dockerode from "dockerode";
import { LabError } from "../../lab-error.ts";
import { everyContainerOf, LABEL, STANDS_IN_FOR } from "./compose-labels.ts";
import { endpointConfig, endpointOf } from "./endpoints.ts";
import { ask } from "./engine-error.ts";
import { nameOf, possibleSharers, sharersAmong } from "./shared-namespaces.ts";

const ASIDE = "-put-aside";

/**
 * A container's environment cannot be changed. So that a service gets another value of one variable and has its own
 * again later, exactly, its container is stopped and renamed, and a copy replaces it. The copy's
 * label names the container that it replaces, so that any process can restore it without a journal.
 */
export async function replaceContainer(
  docker: Dockerode,
  project: string,
  service: string,
  variable: { name: string; value: string },
): Promise<void> {
  await restoreOriginal(docker, project, service);
  const [listed] = await everyContainerOf(docker, project, service);
  if (listed === undefined) return;
  const original = docker.getContainer(listed.Id);
  const doing = `switching ${variable.name} of ${service}`;
  const found = await ask(doing, () => original.inspect());
  if (found === undefined) return;
  const sharers = sharersAmong(await possibleSharers(docker, project), found, "stop");
  if (sharers.length > 0) {
    const names = sharers.map(({ container }) => nameOf(container)).join(", ");
    throw new LabError("unsupported", `${doing}: ${names} would be cut off, sharing its namespaces`, {
      hint: "run without switching it, or give the services that share namespaces their own",
    });
  }
  const name = found.Name.replace(/^\//, "");
  await ask(doing, () => original.stop(), [{ status: 304 }]);
  await ask(doing, () => original.rename({ name: `${name}${ASIDE}` }));
  const copy = await ask(doing, () => docker.createContainer({ name, ...copyOf(found, variable) }));
  if (copy === undefined) return;
  const [, ...others] = Object.entries(found.NetworkSettings.Networks);
  for (const [network, endpoint] of others) {
    const EndpointConfig = endpointConfig(endpointOf(endpoint, found.Id));
    await ask(doing, () => docker.getNetwork(network).connect({ Container: copy.id, EndpointConfig }));
  }
}

/** Removes a replacement, if there is one, and restores the original container, stopped. Safe to repeat. */
export async function restoreOriginal(docker: Dockerode, project: string, service: string): Promise<void> {
  const doing = `putting ${service} back`;
  const containers = await everyContainerOf(docker, project, service);
  for (const { Id: id, Labels } of containers.filter((each) => each.Labels[STANDS_IN_FOR] !== undefined)) {
    const copy = docker.getContainer(id);
    await ask(doing, () => copy.stop(), [{ status: 304 }, { status: 404 }]);
    await ask(doing, () => copy.remove({ v: true, force: true }), [{ status: 404 }]);
    await giveNameBack(docker, Labels[STANDS_IN_FOR] ?? "");
  }
  // A lab that died between the two names left a renamed container without a replacement.
  for (const { Id: id } of containers.filter(({ Names }) => Names.some((name) => name.endsWith(ASIDE)))) {
    await giveNameBack(docker, id);
  }
}

async function giveNameBack(docker: Dockerode, id: string): Promise<void> {
  const original = docker.getContainer(id);
  const found = await ask("restoring a container", () => original.inspect(), [{ status: 404 }]);
  const name = found?.Name.replace(/^\//, "");
  if (name?.endsWith(ASIDE)) {
    await ask("restoring a container", () => original.rename({ name: name.slice(0, -ASIDE.length) }));
  }
}

function copyOf(
  found: Dockerode.ContainerInspectInfo,
  { name, value }: { name: string; value: string },
): Dockerode.ContainerCreateOptions {
  const { Config, HostConfig, NetworkSettings, Id } = found;
  const Env = [...Config.Env.filter((line) => !line.startsWith(`${name}=`)), `${name}=${value}`];
  // A host name that was not chosen is the container's own short id.
  const Hostname = Id.startsWith(Config.Hostname) ? undefined : Config.Hostname;
  const [first] = Object.entries(NetworkSettings.Networks);
  const EndpointsConfig = first === undefined ? {} : { [first[0]]: endpointConfig(endpointOf(first[1], Id)) };
  const { Volumes: _declared, ...config } = Config;
  const Labels = { ...Config.Labels, [STANDS_IN_FOR]: Id, [LABEL.oneOff]: Config.Labels[LABEL.oneOff] ?? "False" };
  return {
    ...config,
    Hostname,
    Env,
    Labels,
    // Anonymous volumes too are shared with the original, which does not run meanwhile.
    HostConfig: { ...HostConfig, VolumesFrom: [Id] },
    NetworkingConfig: { EndpointsConfig },
  } as Dockerode.ContainerCreateOptions;
}
