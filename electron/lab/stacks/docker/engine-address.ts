import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { BlockList } from "node:net";
import { homedir, networkInterfaces } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../../model/json.ts";
import { readDocument } from "../../documents/yaml-document.ts";
import type { EngineAddress } from "../../journal/docker-location.ts";
import { LabError } from "../../lab-error.ts";

export const DEFAULT_SOCKET = "/var/run/docker.sock";
const DEFAULT_HOST = process.platform === "win32" ? "npipe:////./pipe/docker_engine" : `unix://${DEFAULT_SOCKET}`;

/** DOCKER_HOST, else the context of DOCKER_CONTEXT or of the docker command line, else the usual local socket. */
export function engineAddress(environment: NodeJS.ProcessEnv): EngineAddress {
  const certificates = environment.DOCKER_CERT_PATH;
  if (environment.DOCKER_HOST) {
    const host = environment.DOCKER_HOST.includes("://") ? environment.DOCKER_HOST : `tcp://${environment.DOCKER_HOST}`;
    return { host: checked(host), namedBy: "DOCKER_HOST", ...(certificates ? { certificates } : {}) };
  }
  const folder = environment.DOCKER_CONFIG || join(environment.HOME || homedir(), ".docker");
  const context = environment.DOCKER_CONTEXT || currentContext(folder);
  if (context === undefined || context === "default") return { host: DEFAULT_HOST, namedBy: "default" };
  return { host: checked(hostOfContext(folder, context)), namedBy: `context ${context}` };
}

/** True for an engine on another machine, as far as its address tells: it may even be reached through a tunnel. */
export function isRemote({ host }: EngineAddress): boolean {
  return !host.startsWith("unix://") && !host.startsWith("npipe://");
}

/**
 * Whether this process reaches a container's address: the bridge of its network is then an interface of its own machine.
 * It is not with Docker Desktop, a rootless engine, an engine on another machine, or a lab in a container.
 */
export function reachesContainer(address: EngineAddress, container: string): boolean {
  if (process.platform !== "linux" || isRemote(address) || isRootless(address)) return false;
  const own = new BlockList();
  for (const { address: interfaceAddress, cidr, family, internal } of Object.values(networkInterfaces()).flatMap(
    (each) => each ?? [],
  )) {
    if (internal || family !== "IPv4" || cidr === null) continue;
    own.addSubnet(interfaceAddress, Number(cidr.split("/")[1]));
  }
  return own.check(container);
}

/**
 * Its networks are in a namespace of its own, and may have the addresses of networks of this machine. An engine of root's has a
 * socket of root's.
 */
export function isRootless(address: EngineAddress): boolean {
  const socket = socketOf(address);
  const found = socket === undefined ? undefined : statSync(socket, { throwIfNoEntry: false });
  return found !== undefined && found.uid !== 0;
}

/** The path of a local engine's socket or pipe. */
export function socketOf({ host }: EngineAddress): string | undefined {
  return /^(?:unix|npipe):\/\/(.+)$/.exec(host)?.[1];
}

function checked(host: string): string {
  if (/^(?:unix|npipe):\/\/.+/.test(host)) return host;
  if (/^(?:tcp|https?|ssh):\/\//.test(host) && URL.canParse(host) && new URL(host).hostname) return host;
  throw new LabError("bad-input", `"${host}" is no address of a Docker engine`, {
    hint: "DOCKER_HOST is unix:///path/to/docker.sock, tcp://host:2375 or ssh://user@host",
  });
}

const cliConfig = z.looseObject({ currentContext: z.string().optional() });
const contextMeta = z.looseObject({ Endpoints: z.looseObject({ docker: z.looseObject({ Host: z.string() }) }) });

function currentContext(folder: string): string | undefined {
  const config = cliConfig.safeParse(readJson(join(folder, "config.json")));
  return config.success ? config.data.currentContext : undefined;
}

function hostOfContext(folder: string, context: string): string {
  const digest = createHash("sha256").update(context).digest("hex");
  const meta = contextMeta.safeParse(readJson(join(folder, "contexts", "meta", digest, "meta.json")));
  if (meta.success) return meta.data.Endpoints.docker.Host;
  throw new LabError("bad-input", `there is no docker context "${context}"`, {
    hint: "see `docker context ls`, choose one with `docker context use`, or set DOCKER_HOST",
  });
}

function readJson(file: string): unknown {
  try {
    return parseJson(readDocument(file));
  } catch {
    return undefined;
  }
}
