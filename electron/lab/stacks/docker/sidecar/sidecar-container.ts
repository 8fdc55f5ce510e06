import { createHash } from "node:crypto";
import type { Duplex } from "node:stream";
import type Dockerode from "dockerode";
import { LabError } from "../../../lab-error.ts";
import { SIDECAR_LABEL } from "../compose-labels.ts";
import { endContainer } from "../end-container.ts";
import { ask } from "../engine-error.ts";
import { LAB_HOST_CONFIG, runToEnd } from "../lab-container.ts";
import type { CallerHosts, Target } from "./link-location.ts";
import { type RecordTaker, SidecarChannel } from "./sidecar-channel.ts";

/** Of a sidecar that no fault has prolonged yet. */
const FIRST_LIFETIME_MS = 30_000;
/** To start the proxy as another user; to end that. Packet rules need NET_ADMIN, too. */
const CAPABILITIES = ["SETUID", "SETGID", "KILL"];

/** Which link of which compose project a sidecar is for; its labels name both. */
export interface SidecarLink {
  project: string;
  stackId: string;
  name: string;
}

export interface NewSidecar {
  image: string;
  link: SidecarLink;
  /** The container in whose network namespace it is to be. */
  callerId: string;
  targets: readonly Target[];
  hosts?: CallerHosts | undefined;
  fault: string;
  isStanding: boolean;
}

/** The chain that holds a link's rules, found again from the journal alone. */
export function chainOf({ project, name }: SidecarLink): string {
  return `LAB_${createHash("sha256").update(`${project} ${name}`).digest("hex").slice(0, 16).toUpperCase()}`;
}

/** Resolves once its rules are set. @throws LabError `unsupported` with the reason when they could not be; it is gone then */
export async function startSidecar(
  docker: Dockerode,
  { image, link, callerId, targets, hosts, fault, isStanding }: NewSidecar,
  records: RecordTaker,
): Promise<{ container: Dockerode.Container; channel: SidecarChannel }> {
  const doing = `breaking ${link.name}`;
  const settings = {
    name: link.name,
    targets,
    chain: chainOf(link),
    lifetimeMs: FIRST_LIFETIME_MS,
    ...(hosts && { hosts: hosts.names }),
  };
  const container = await ask(doing, () =>
    docker.createContainer({
      ...plainContainer(image, link, hosts ?? callerId, {
        [SIDECAR_LABEL.caller]: callerId,
        [SIDECAR_LABEL.link]: link.name,
        [SIDECAR_LABEL.fault]: fault,
        ...(isStanding ? { [SIDECAR_LABEL.standing]: "true" } : {}),
      }),
      Env: [`LINK=${JSON.stringify(settings)}`],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      OpenStdin: true,
      // Without it the container's input stays open when this process ends: so it does for a fault that outlives it.
      StdinOnce: !isStanding,
    }),
  );
  if (container === undefined) throw new LabError("internal", `${doing}: the engine created no container`);
  try {
    const channel = await attach(container, records);
    await ask(doing, () => container.start());
    await channel.ready();
    return { container, channel };
  } catch (error) {
    await endContainer(container);
    throw error;
  }
}

/** The control of a sidecar that runs. */
export async function attach(container: Dockerode.Container, records: RecordTaker): Promise<SidecarChannel> {
  const stream = await ask("attaching to a sidecar", () =>
    container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true }),
  );
  return new SidecarChannel(stream as unknown as Duplex, records);
}

/** The sidecars of a link, or of all links of a project, of any lab. */
export async function sidecarsOf(
  docker: Dockerode,
  { project, name }: Pick<SidecarLink, "project"> & Partial<SidecarLink>,
): Promise<Dockerode.ContainerInfo[]> {
  const ofLink = name === undefined ? SIDECAR_LABEL.link : `${SIDECAR_LABEL.link}=${name}`;
  const label = [`${SIDECAR_LABEL.project}=${project}`, ofLink];
  return (await ask("listing sidecars", () => docker.listContainers({ all: true, filters: { label } }))) ?? [];
}

/** Runs a sidecar's program that ends by itself. @throws LabError `unsupported` with its reason when it fails */
export async function runOnce(
  docker: Dockerode,
  { image, link, callerId, targets, hosts }: Omit<NewSidecar, "fault" | "isStanding">,
  command: "check" | "clear",
): Promise<void> {
  const doing =
    command === "check" ? `trying whether ${link.name} can be broken` : `removing the rules on ${link.name}`;
  // A chain of its own: rules of a fault in force are not touched by a check.
  const chain = command === "check" ? `${chainOf(link)}_TRY` : chainOf(link);
  const names = hosts && { hosts: hosts.names };
  const settings = { name: link.name, targets, chain, lifetimeMs: FIRST_LIFETIME_MS, ...names };
  // No network: it only reads or writes the file.
  const where = hosts === undefined ? callerId : { ...hosts, network: "none" };
  const options = {
    ...plainContainer(image, link, where),
    Cmd: command === "check" ? ["check"] : [hosts === undefined ? "clear" : "clear-hosts", chain],
    Env: [`LINK=${JSON.stringify(settings)}`],
  };
  let lastLine = "";
  const code = await runToEnd(docker, doing, options, (line) => {
    lastLine = line;
  });
  if (code !== 0) throw new LabError("unsupported", `${doing}: ${lastLine || `its container ended with ${code}`}`);
}

function plainContainer(
  image: string,
  link: SidecarLink,
  where: string | Pick<CallerHosts, "file" | "network">,
  labels: Record<string, string> = {},
): Dockerode.ContainerCreateOptions {
  return {
    Image: image,
    Labels: {
      [SIDECAR_LABEL.project]: link.project,
      [SIDECAR_LABEL.stack]: link.stackId,
      ...labels,
    },
    HostConfig: {
      ...LAB_HOST_CONFIG,
      ...(typeof where === "string"
        ? { NetworkMode: `container:${where}`, CapAdd: [...CAPABILITIES, "NET_ADMIN"] }
        : { NetworkMode: where.network, CapAdd: CAPABILITIES, Binds: [`${where.file}:/run/caller-hosts`] }),
    },
  };
}
