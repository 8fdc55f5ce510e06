import { setTimeout as delay } from "node:timers/promises";
import type { RegisteredStack } from "../../journal/stack-register.ts";
import { LabError } from "../../lab-error.ts";
import type { StackProgress } from "../backend.ts";
import { everyContainerOf, LABEL } from "./compose-labels.ts";
import { openEngine } from "./engine.ts";
import { ask } from "./engine-error.ts";

/** An engine that is being restarted is back within this. */
const ENGINE_BACK_LIMIT_MS = 15_000;
const LOOK_EVERY_MS = 500;

const ALREADY_RESUMED = [{ status: 500, says: /is not paused/ }, { status: 404 }, { status: 409 }];

/** Which named volumes go: those that the lab made, all of the project, or none. */
export type VolumesToRemove = "own" | "all" | "none";

export interface RemoveOptions {
  volumes?: VolumesToRemove;
  /** Waits for an engine that is being restarted, so that its containers are taken down after all. */
  waitsForEngine?: boolean;
  report?: ((progress: StackProgress) => void) | undefined;
}

/** Removes a project's containers and the networks and volumes that bringing it up made. Safe to repeat. */
export async function removeProject(
  { project, docker: place }: RegisteredStack,
  { volumes = "own", waitsForEngine = false, report }: RemoveOptions,
): Promise<void> {
  if (place === undefined) return;
  const docker = openEngine(place.engine);
  const list = () => everyContainerOf(docker, project);
  const listed = await (waitsForEngine ? whenBack(list) : list());
  await Promise.all(
    listed.map(async ({ Id: id, Labels, State: state }) => {
      const service = Labels[LABEL.service] ?? "";
      const container = docker.getContainer(id);
      report?.({ service, state: "stopping" });
      // A frozen process cannot heed its stop signal, and would be waited for in vain.
      if (state === "paused") await ask(`resuming ${service}`, () => container.unpause(), ALREADY_RESUMED);
      await ask(`stopping ${service}`, () => container.stop(), [{ status: 304 }, { status: 404 }]);
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
  const own = volumes === "none" ? [] : place.volumes;
  const all = volumes === "all" ? await volumesOf(docker, project) : [];
  for (const volume of new Set([...own, ...all])) {
    await ask(`removing volume ${volume}`, () => docker.getVolume(volume).remove(), [{ status: 404 }]);
  }
}

async function volumesOf(docker: ReturnType<typeof openEngine>, project: string): Promise<string[]> {
  const label = [`${LABEL.project}=${project}`];
  const listed = await ask("listing volumes", () => docker.listVolumes({ filters: { label } }));
  return (listed?.Volumes ?? []).map(({ Name }) => Name);
}

async function whenBack<Value>(call: () => Promise<Value>): Promise<Value> {
  const limit = performance.now() + ENGINE_BACK_LIMIT_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const isAway = error instanceof LabError && error.code === "unreachable";
      if (!isAway || performance.now() > limit) throw error;
      await delay(LOOK_EVERY_MS);
    }
  }
}
