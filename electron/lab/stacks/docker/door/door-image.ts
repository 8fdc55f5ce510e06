import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Dockerode from "dockerode";
import type { EngineAddress } from "../../../journal/docker-location.ts";
import { LabError, messageOf } from "../../../lab-error.ts";
import { PROJECT_FOLDER } from "../../../version.ts";
import { type ImageBuilding, UNSEEN_BUILDING } from "../../image-building.ts";
import { containersOf, DOOR_LABEL } from "../compose-labels.ts";
import { reachesContainer } from "../engine-address.ts";
import { ensureBuilt } from "../images.ts";
import { LAB_HOST_CONFIG } from "../lab-container.ts";

const PROGRAM = join(PROJECT_FOLDER, "resources", "stack", "build", "door.mjs");
const IMAGE = "resilience-lab/door:dev";
const DOCKERFILE = `FROM node:24-slim
WORKDIR /srv
COPY door.mjs ./
USER node
ENTRYPOINT ["node", "door.mjs"]
`;

/** A container of the image without any right, which can do something by where it is alone: in which network, among which processes. */
export async function containerOfDoor(
  docker: Dockerode,
  label: string,
  place: Pick<Dockerode.HostConfig, "NetworkMode" | "PidMode">,
): Promise<Dockerode.ContainerCreateOptions> {
  return {
    Image: await doorImage(docker),
    Labels: { [DOOR_LABEL]: label },
    // An engine that remaps users lets containers be in what is its machine's only without that.
    HostConfig: { ...LAB_HOST_CONFIG, ...place, UsernsMode: "host", ReadonlyRootfs: true },
  };
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
async function doorImage(docker: Dockerode, building = UNSEEN_BUILDING): Promise<string> {
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
