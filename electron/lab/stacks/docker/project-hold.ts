import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LabError, messageOf } from "../../lab-error.ts";

/**
 * Projects belong to an engine, not to a data folder: two labs with folders of their own could break and repair the
 * same containers at once. The name of a listening socket is held by one process at a time, and let go by the system
 * when that process dies, however it dies.
 *
 * @throws LabError `busy` naming the lab that has the project
 */
export async function holdProject(engine: string, project: string, purpose: string): Promise<() => void> {
  const path = socketPath(engine, project);
  const said = `process ${process.pid}, ${purpose}`;
  let server = await listen(path, said);
  if (server === undefined) {
    const owner = await askLockOwner(path);
    if (owner !== undefined) throw busy(project, owner);
    // Only a socket that is a file outlives its process.
    rmSync(path, { force: true });
    server = await listen(path, said);
  }
  if (server === undefined) throw busy(project, "another process");
  const held = server;
  return () => void held.close();
}

function busy(project: string, owner: string): LabError {
  return new LabError("busy", `another lab is at work on project ${project}: ${owner}`, {
    hint: {
      terminal: "wait for it, or bring up a project of another name: COMPOSE_PROJECT_NAME=other, with --ports auto",
      window: "wait for it, or open another stack on the Stacks page",
    },
  });
}

function socketPath(engine: string, project: string): string {
  const name = `resilience-lab-${createHash("sha256").update(`${engine}\0${project}`).digest("hex").slice(0, 32)}`;
  if (process.platform === "linux") return `\0${name}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${name}` : join(tmpdir(), `${name}.sock`);
}

/** Undefined when someone has the name. */
function listen(path: string, said: string): Promise<Server | undefined> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(said);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(new LabError("internal", `the project cannot be held: ${messageOf(error)}`, { cause: error }));
    });
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** What the owner says of itself; undefined when nobody answers. */
function askLockOwner(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = "";
    const socket = connect(path);
    socket.setEncoding("utf8");
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on("data", (text: string) => {
      said += text;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED" ? undefined : said));
    socket.on("close", () => resolve(said || "it does not answer"));
  });
}
