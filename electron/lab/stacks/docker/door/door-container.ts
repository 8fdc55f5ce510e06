import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Duplex, PassThrough, type Readable, type Writable } from "node:stream";
import type Dockerode from "dockerode";
import type { EngineAddress } from "../../../journal/docker-location.ts";
import { LabError, messageOf } from "../../../lab-error.ts";
import { PROJECT_FOLDER } from "../../../version.ts";
import { type ImageBuilding, UNSEEN_BUILDING } from "../../image-building.ts";
import { containersOf, DOOR_LABEL } from "../compose-labels.ts";
import { endContainer } from "../end-container.ts";
import { reachesContainer } from "../engine-address.ts";
import { ask } from "../engine-error.ts";
import { ensureBuilt } from "../images.ts";
import { LAB_HOST_CONFIG } from "../lab-container.ts";
import { DoorSession } from "./door-session.ts";

const PROGRAM = join(PROJECT_FOLDER, "resources", "stack", "build", "door.mjs");
const IMAGE = "resilience-lab/door:dev";
const DOCKERFILE = `FROM node:24-slim
WORKDIR /srv
COPY door.mjs ./
USER node
ENTRYPOINT ["node", "door.mjs"]
`;

export interface RunningDoor {
  session: DoorSession;
  container: Dockerode.Container;
}

/**
 * Starts a door in the network of the engine's machine, from which the addresses of all containers are reached, also those
 * in internal networks: it is in no network of a project, so that nothing of one changes and one can be removed meanwhile.
 * It is removed when it ends, which it does with this process.
 * @throws LabError with the reason when the engine does not start it
 */
export async function startDoor(docker: Dockerode, stackId: string): Promise<RunningDoor> {
  const doing = "starting the lab's door";
  const image = await doorImage(docker);
  const container = await ask(doing, () => docker.createContainer(doorOf(image, stackId)));
  if (container === undefined) throw new LabError("internal", `${doing}: the engine created no container`);
  try {
    const stream = await ask(doing, () =>
      container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true }),
    );
    await ask(doing, () => container.start());
    const session = new DoorSession(...unframed(docker, stream as unknown as Duplex));
    await session.ready();
    return { session, container };
  } catch (error) {
    await endContainer(container);
    if (error instanceof LabError) throw error;
    throw new LabError("unsupported", `the lab's door did not start: ${messageOf(error)}`, {
      hint: "publish the ports of the services on 127.0.0.1, or probe their containers alone (probe: {container: true})",
      cause: error,
    });
  }
}

function doorOf(image: string, stackId: string): Dockerode.ContainerCreateOptions {
  return {
    Image: image,
    Labels: { [DOOR_LABEL]: stackId },
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    OpenStdin: true,
    // Its input, and with it the door, ends with this process.
    StdinOnce: true,
    HostConfig: {
      ...LAB_HOST_CONFIG,
      NetworkMode: "host",
      // An engine that remaps users grants the network of its machine only without that.
      UsernsMode: "host",
      ReadonlyRootfs: true,
    },
  };
}

/** The container's output comes in frames, its input goes as it is. */
function unframed(docker: Dockerode, stream: Duplex): [output: Readable, input: Writable] {
  const output = new PassThrough();
  docker.modem.demuxStream(stream, output, new PassThrough().resume());
  // The engine half-closes the connection when the container has ended.
  stream.once("end", () => stream.destroy());
  stream.once("close", () => output.end());
  stream.on("error", () => {});
  return [output, stream];
}

/**
 * Has the image built where the addresses of a project are not reached from here, before it is read. One that cannot be built is
 * reported by what needs it.
 * @throws what the build was ended with
 */
export async function readyForDoor(
  docker: Dockerode,
  engine: EngineAddress,
  project: string,
  building: ImageBuilding,
): Promise<void> {
  const containers = await containersOf(docker, project);
  const addresses = containers.flatMap(({ NetworkSettings }) => Object.values(NetworkSettings?.Networks ?? {}));
  const isNeeded = addresses.some(({ IPAddress }) => IPAddress !== "" && !reachesContainer(engine, IPAddress));
  if (!isNeeded) return;
  await doorImage(docker, building).catch(() => building.signal.throwIfAborted());
}

/** Resolves to the id of the image, built from what is there if need be. */
export async function doorImage(docker: Dockerode, building = UNSEEN_BUILDING): Promise<string> {
  if (!existsSync(PROGRAM)) {
    throw new LabError("precondition", `${PROGRAM} is missing`, { hint: "run `npm run build:stack`" });
  }
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-door-"));
  try {
    copyFileSync(PROGRAM, join(folder, "door.mjs"));
    writeFileSync(join(folder, "Dockerfile"), DOCKERFILE);
    const build = { image: IMAGE, folder, dockerfile: "Dockerfile" };
    return await ensureBuilt(docker, build, building);
  } catch (error) {
    building.signal.throwIfAborted();
    if (error instanceof LabError && error.code === "unreachable") throw error;
    throw new LabError("precondition", `the image of the lab's door could not be built: ${messageOf(error)}`, {
      hint: "it needs node:24-slim: try `docker pull node:24-slim`",
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
