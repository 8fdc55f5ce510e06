import { setTimeout as delay } from "node:timers/promises";
import type Dockerode from "dockerode";
import type { DockerLocation } from "../../journal/docker-location.ts";
import type { RegisteredStack } from "../../journal/stack-register.ts";
import { whenReachable } from "../../when-reachable.ts";
import type { StackProgress } from "../backend.ts";
import { everyContainerOf, LABEL } from "./compose-labels.ts";
import { openEngine } from "./engine.ts";
import { ask } from "./engine-error.ts";

/** An engine that is being restarted is back within this. */
const ENGINE_BACK_LIMIT_MS = 15_000;
/** A container that an engine was asked to make is there within this. */
const STILL_ON_ITS_WAY_MS = 300;

const ALREADY_RESUMED = [{ status: 500, says: /is not paused/ }, { status: 404 }, { status: 409 }];

/** Which named volumes go: those that the lab made, all of the project, or none. */
export type VolumesToRemove = "own" | "all" | "none";

type Listed = Dockerode.ContainerInfo;

export interface RemoveOptions {
  volumes?: VolumesToRemove;
  /**
   * Its bring-up was broken off, or its lab has died: what the engine was last asked for may still be on its way.
   * Containers whose data goes with them are not given their time to stop.
   */
  isAbandoned?: boolean;
  /** Waits for an engine that is being restarted, so that its containers are taken down after all. */
  waitsForEngine?: boolean;
  report?: ((progress: StackProgress) => void) | undefined;
}

/** Removes a project's containers and the networks and volumes that bringing it up made. Safe to repeat. */
export async function removeProject(registered: RegisteredStack, options: RemoveOptions = {}): Promise<void> {
  if (registered.docker === undefined) return;
  const { waitsForEngine = false, isAbandoned = false } = options;
  const docker = openEngine(registered.docker.engine);
  const list = () => everyContainerOf(docker, registered.project);
  const removal = { docker, registered: { ...registered, docker: registered.docker }, options };
  await removeAll(
    removal,
    await (waitsForEngine ? whenReachable(list, ENGINE_BACK_LIMIT_MS, new AbortController().signal) : list()),
  );
  if (!isAbandoned) return;
  await delay(STILL_ON_ITS_WAY_MS);
  await removeAll(removal, await list());
}

interface Removal {
  docker: Dockerode;
  registered: RegisteredStack & { docker: DockerLocation };
  options: RemoveOptions;
}

async function removeAll({ docker, registered, options }: Removal, listed: readonly Listed[]): Promise<void> {
  const { project, docker: place } = registered;
  const { volumes = "own", isAbandoned = false, report } = options;
  const own = volumes === "none" ? [] : place.volumes;
  const all = volumes === "all" ? await volumesOf(docker, project) : [];
  const removed = new Set([...own, ...all]);
  await Promise.all(
    listed.map(async (found) => {
      const { Id: id, Labels, State: state } = found;
      const service = Labels[LABEL.service] ?? "";
      const container = docker.getContainer(id);
      report?.({ service, state: "stopping" });
      // Grace is for data that stays. A program that is starting does not heed its stop signal yet.
      if (!isAbandoned || keepsData(found, removed)) {
        // A frozen process cannot handle its stop signal: waiting for it would run into the time limit.
        if (state === "paused") await ask(`resuming ${service}`, () => container.unpause(), ALREADY_RESUMED);
        await ask(`stopping ${service}`, () => container.stop(), [{ status: 304 }, { status: 404 }]);
      }
      // With its anonymous volumes: an image may declare some that nobody asked for.
      await ask(`removing ${service}`, () => container.remove({ v: true, force: true }), [
        { status: 404 },
        { status: 409, says: /removal .* already in progress/ },
      ]);
      report?.({ service, state: "stopped" });
    }),
  );
  for (const network of place.networks) {
    await ask(`removing network ${network}`, () => docker.getNetwork(network).remove(), [
      { status: 404 },
      // Someone else has put a container of theirs on it: then it is in use, and not for the lab to end.
      { status: 403, says: /has active endpoints/ },
    ]);
  }
  for (const volume of removed) {
    await ask(`removing volume ${volume}`, () => docker.getVolume(volume).remove(), [{ status: 404 }]);
  }
}

const ANONYMOUS_VOLUME = /^[0-9a-f]{64}$/;

/** Whether a container writes to what is still there after it. */
function keepsData({ Mounts }: Listed, removedVolumes: ReadonlySet<string>): boolean {
  return Mounts.some(({ Type, Name = "", RW }) => {
    const isRemoved = Type === "volume" && (removedVolumes.has(Name) || ANONYMOUS_VOLUME.test(Name));
    return RW && Type !== "tmpfs" && !isRemoved;
  });
}

async function volumesOf(docker: Dockerode, project: string): Promise<string[]> {
  const label = [`${LABEL.project}=${project}`];
  const listed = await ask("listing volumes", () => docker.listVolumes({ filters: { label } }));
  return (listed?.Volumes ?? []).map(({ Name }) => Name);
}
