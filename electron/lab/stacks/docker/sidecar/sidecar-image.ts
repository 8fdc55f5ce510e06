import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type Dockerode from "dockerode";
import { LabError, messageOf } from "../../../lab-error.ts";
import { PROJECT_FOLDER } from "../../../version.ts";
import type { ImageBuilding } from "../../image-building.ts";
import { ensureBuilt } from "../images.ts";

const PROGRAMS = join(PROJECT_FOLDER, "resources", "stack", "build");
const PROGRAM_FILES = ["link-sidecar.mjs", "fault-proxy.mjs"];
const IMAGE = "resilience-lab/link-sidecar:dev";

/** The user that a sidecar runs the fault proxy as, as resources/stack/link-sidecar has it. */
export const SIDECAR_USER = 59_417;

/** The nftables variant, which needs no right but NET_ADMIN. */
const TOOL_PATHS = ["/usr/sbin/xtables-nft-multi", "/sbin/xtables-nft-multi"];
/** The folder of iptables' extensions beside its libraries. */
const EXTENSIONS = "xtables";
/** For iptables and ip6tables; the others are for bridges. */
const EXTENSION_FILE = /^lib(?:xt|ipt|ip6t)_\w+\.so$/;

/**
 * Where this machine has iptables, as every Linux machine with a Docker engine of its own does, it is copied with its
 * loader and libraries and needs no network; else, or where that does not run in the image, it is installed from Debian's packages.
 */
const DOCKERFILE = `FROM node:24-slim
COPY iptables /opt/iptables
COPY lab-xtables /usr/local/bin/
RUN lab-xtables iptables --version || ( \\
      apt-get update && apt-get install -y --no-install-recommends iptables && rm -rf /var/lib/apt/lists/* && \\
      ln -sf /usr/sbin/xtables-nft-multi /usr/local/bin/lab-xtables )
RUN install -d -o ${SIDECAR_USER} -g ${SIDECAR_USER} -m 0755 /run/fault-proxy
WORKDIR /srv
COPY ${PROGRAM_FILES.join(" ")} ./
ENTRYPOINT ["node", "link-sidecar.mjs"]
`;

/**
 * Resolves to the id of the image of sidecars, built from what is there if need be.
 * @throws LabError `precondition` with the reason when it cannot be built
 */
export async function sidecarImage(docker: Dockerode, building: ImageBuilding): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-sidecar-"));
  try {
    writeContext(folder);
    return await ensureBuilt(docker, { image: IMAGE, folder, dockerfile: "Dockerfile" }, building);
  } catch (error) {
    building.signal.throwIfAborted();
    if (error instanceof LabError && error.code === "unreachable") throw error;
    throw new LabError("precondition", `the image that breaks links could not be built: ${messageOf(error)}`, {
      hint: "it needs node:24-slim, and iptables of this machine or a network to install it: try `docker pull node:24-slim`",
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function writeContext(folder: string): void {
  for (const file of PROGRAM_FILES) {
    if (!existsSync(join(PROGRAMS, file))) {
      throw new LabError("precondition", `${join(PROGRAMS, file)} is missing`, { hint: "run `npm run build:stack`" });
    }
    copyFileSync(join(PROGRAMS, file), join(folder, file));
  }
  writeFileSync(join(folder, "Dockerfile"), DOCKERFILE);
  mkdirSync(join(folder, "iptables", EXTENSIONS), { recursive: true });
  const loader = copyTool(join(folder, "iptables")) ?? "none";
  const started = `/opt/iptables/${loader} --library-path /opt/iptables /opt/iptables/tool "$@"`;
  const script = `#!/bin/sh\nXTABLES_LIBDIR=/opt/iptables/${EXTENSIONS} exec ${started}\n`;
  writeFileSync(join(folder, "lab-xtables"), script);
  chmodSync(join(folder, "lab-xtables"), 0o755);
  // A folder without a file is no part of a context.
  writeFileSync(join(folder, "iptables", "source"), `${process.platform} ${process.arch}\n`);
}

/** Resolves to the name of the loader, or undefined where this machine has no such tool. */
function copyTool(target: string): string | undefined {
  const tool = process.platform === "linux" ? TOOL_PATHS.find(existsSync) : undefined;
  if (tool === undefined) return undefined;
  const libraries = librariesOf(tool);
  const loader = libraries.map((path) => basename(path)).find((name) => name.startsWith("ld-"));
  const extensions = libraries.map((path) => join(path, "..", EXTENSIONS)).find(existsSync);
  if (loader === undefined || extensions === undefined) return undefined;
  copy(tool, join(target, "tool"));
  for (const path of libraries) copy(path, join(target, basename(path)));
  for (const name of readdirSync(extensions).filter((each) => EXTENSION_FILE.test(each))) {
    copy(join(extensions, name), join(target, EXTENSIONS, name));
  }
  return loader;
}

/** The loader among them. */
function librariesOf(program: string): string[] {
  try {
    const listed = execFileSync("ldd", [program], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return listed.split("\n").flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  } catch {
    return [];
  }
}

function copy(from: string, to: string): void {
  copyFileSync(realpathSync(from), to);
  chmodSync(to, 0o755);
}
