import { open, readFile } from "node:fs/promises";
import type Dockerode from "dockerode";
import { DOOR_LABEL } from "./compose-labels.ts";
import { doorImage } from "./door/door-container.ts";
import { ask } from "./engine-error.ts";
import { LogFrames } from "./log-frames.ts";
import { parseSocketTable, type TcpSocket } from "./socket-table.ts";

type Inspected = Dockerode.ContainerInspectInfo;
type Sockets = ReadonlyMap<string, readonly TcpSocket[]>;

/** Of one table; those that listen are its first lines. */
const TABLE_BYTES = 1024 * 1024;
/** For what runs on the engine's machine: what was not read by then is not known. */
const LIMIT_MS = 3_000;

/**
 * The TCP sockets in the network namespace of each running container, by its id. Where its processes are this machine's they are
 * read from /proc; else by a container that sees those of the engine's machine, for a moment. Never throws: what could not be
 * read is not there.
 */
export async function readSockets(docker: Dockerode, containers: readonly Inspected[]): Promise<Sockets> {
  const running = containers.filter(({ State }) => State.Pid > 0);
  const own = await Promise.all(running.map(socketsOfOwnProcess));
  if (own.every((each) => each !== undefined)) {
    return new Map(running.map(({ Id }, at) => [Id, own[at] ?? []]));
  }
  return socketsOnEngine(docker, running).catch(() => new Map());
}

/**
 * Undefined where its process is none of this machine's: ids of processes are those of the engine's. Not read at once: for each
 * table the kernel walks the connections of the whole machine, which takes it some 4 ms.
 */
async function socketsOfOwnProcess({ Id, State }: Inspected): Promise<TcpSocket[] | undefined> {
  const folder = `/proc/${State.Pid}`;
  try {
    if (!(await readFile(`${folder}/cgroup`, "utf8")).includes(Id)) return undefined;
    const tables = await Promise.all(["tcp", "tcp6"].map((name) => startOf(`${folder}/net/${name}`)));
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

/** By a container without any right, in the process namespace of the engine's machine and in no network. */
export async function socketsOnEngine(docker: Dockerode, containers: readonly Inspected[]): Promise<Sockets> {
  const doing = "reading which services have connections";
  const image = await doorImage(docker);
  const container = await ask(doing, () =>
    docker.createContainer({
      Image: image,
      Cmd: ["sockets", ...containers.map(({ Id, State }) => `${State.Pid}:${Id}`)],
      Labels: { [DOOR_LABEL]: "sockets" },
      AttachStdout: true,
      HostConfig: {
        NetworkMode: "none",
        PidMode: "host",
        UsernsMode: "host",
        CapDrop: ["ALL"],
        ReadonlyRootfs: true,
        SecurityOpt: ["no-new-privileges"],
        AutoRemove: true,
        LogConfig: { Type: "none", Config: {} },
      },
    }),
  );
  if (container === undefined) return new Map();
  const lines = new Map<string, string[]>();
  let id = "";
  const frames = new LogFrames(false, (_from, line) => {
    if (!line.startsWith(OF_CONTAINER)) return void lines.get(id)?.push(line);
    id = line.slice(OF_CONTAINER.length);
    lines.set(id, []);
  });
  try {
    const output = await ask(doing, () => container.attach({ stream: true, stdout: true }));
    output?.on("data", (chunk: Buffer) => frames.write(chunk));
    const gone = container.wait({ condition: "removed" });
    await ask(doing, () => container.start());
    const limit = AbortSignal.timeout(LIMIT_MS);
    await Promise.race([gone, new Promise((resolve) => limit.addEventListener("abort", resolve))]);
  } finally {
    await ask(doing, () => container.remove({ force: true }), [{ status: 404 }, { status: 409 }]);
  }
  return new Map([...lines].map(([id, table]) => [id, parseSocketTable(table.join("\n"))]));
}
