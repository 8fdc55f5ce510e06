import { open, readFile } from "node:fs/promises";
import type Dockerode from "dockerode";
import { messageOf } from "../../lab-error.ts";
import { containerOfDoor } from "./door/door-image.ts";
import { runToEnd } from "./lab-container.ts";
import { networkNamespaces } from "./network-namespaces.ts";
import { parseSocketTable, type TcpSocket, tablesWithSockets } from "./socket-table.ts";

type Inspected = Dockerode.ContainerInspectInfo;

/** The TCP sockets of a project, as far as they could be read. */
export interface ReadSockets {
  /** By the id of the container that owns their network namespace. */
  sockets: ReadonlyMap<string, readonly TcpSocket[]>;
  /** Those whose sockets could not be read. */
  unread: readonly Inspected[];
  /** Why not; empty when all were read. */
  reason: string;
}

/** Of one table; those that listen are its first lines. */
const TABLE_BYTES = 1024 * 1024;
/** For what runs on the engine's machine: what was not read by then is not known. */
const LIMIT_MS = 3_000;

/**
 * The TCP sockets in the network namespaces of a project's running containers. Where their processes are this machine's they are
 * read from /proc; else by a container that sees those of the engine's machine, for a moment. Never throws.
 */
export async function readSockets(docker: Dockerode, containers: readonly Inspected[]): Promise<ReadSockets> {
  const running = networkNamespaces(containers).flatMap(({ owner }) => (owner.State.Pid > 0 ? [owner] : []));
  const own = await Promise.all(running.map(socketsOfOwnProcess));
  const isOwnMachine = own.some((each) => each !== undefined);
  if (!isOwnMachine && running.length > 0) return socketsOnEngine(docker, running);
  const sockets = new Map(running.flatMap(({ Id }, at) => (own[at] === undefined ? [] : [[Id, own[at]]])));
  return withUnread(running, sockets, "their processes have ended meanwhile");
}

function withUnread(running: readonly Inspected[], sockets: ReadSockets["sockets"], reason: string): ReadSockets {
  const unread = running.filter(({ Id }) => !sockets.has(Id));
  return { sockets, unread, reason: unread.length === 0 ? "" : reason };
}

/**
 * Undefined where its process is none of this machine's: ids of processes are those of the engine's. A table without sockets
 * is not read: for each the kernel walks the connections of the whole machine, which takes it some 4 ms.
 */
async function socketsOfOwnProcess({ Id, State, NetworkSettings }: Inspected): Promise<TcpSocket[] | undefined> {
  const folder = `/proc/${State.Pid}`;
  try {
    if (!(await readFile(`${folder}/cgroup`, "utf8")).includes(Id)) return undefined;
    const [counts, counts6] = await Promise.all(
      ["sockstat", "sockstat6"].map((name) => startOf(`${folder}/net/${name}`)),
    );
    const hasResolver = Object.keys(NetworkSettings.Networks).some((name) => name !== "bridge");
    const wanted = tablesWithSockets(counts ?? "", counts6 ?? "", hasResolver);
    const tables = await Promise.all(wanted.map((name) => startOf(`${folder}/net/${name}`)));
    return tables.flatMap(parseSocketTable);
  } catch {
    return undefined;
  }
}

/** A kernel without IPv6 has no table of it. */
async function startOf(file: string): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return "";
  try {
    let text = "";
    for await (const chunk of handle.createReadStream({ encoding: "latin1", end: TABLE_BYTES - 1 })) text += chunk;
    return text;
  } finally {
    await handle.close().catch(() => {});
  }
}

/** Before the lines of each, as resources/stack/door writes them. */
const OF_CONTAINER = "container ";

/** By a container without any right, in the process namespace of the engine's machine and in no network. Never throws. */
export async function socketsOnEngine(docker: Dockerode, containers: readonly Inspected[]): Promise<ReadSockets> {
  const lines = new Map<string, string[]>();
  let id = "";
  const take = (line: string) => {
    if (!line.startsWith(OF_CONTAINER)) return void lines.get(id)?.push(line);
    id = line.slice(OF_CONTAINER.length);
    lines.set(id, []);
  };
  let reason = "their processes were not found on the engine's machine";
  try {
    const Cmd = ["sockets", ...containers.map(({ Id, State }) => `${State.Pid}:${Id}`)];
    const reader = { ...(await containerOfDoor(docker, "sockets", { NetworkMode: "none", PidMode: "host" })), Cmd };
    await runToEnd(docker, "reading which services have connections", reader, take, AbortSignal.timeout(LIMIT_MS));
  } catch (error) {
    reason = messageOf(error);
  }
  const sockets = new Map([...lines].map(([id, table]) => [id, parseSocketTable(table.join("\n"))]));
  return withUnread(containers, sockets, reason);
}
