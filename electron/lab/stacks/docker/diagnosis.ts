import { homedir } from "node:os";
import { join } from "node:path";
import type { EngineAddress } from "../../journal/docker-location.ts";
import { LabError, messageOf } from "../../lab-error.ts";
import { DEFAULT_SOCKET, isRemote } from "./engine-address.ts";
import { connectionFailure, engineWords, statusOf } from "./engine-error.ts";

/** Where an engine may listen on this machine, other than where it was looked for. */
export function alternatives(environment: NodeJS.ProcessEnv): string[] {
  const home = environment.HOME || homedir();
  const runtime = environment.XDG_RUNTIME_DIR;
  return [
    DEFAULT_SOCKET,
    ...(runtime ? [join(runtime, "docker.sock")] : []),
    join(home, ".docker", "run", "docker.sock"),
    join(home, ".colima", "default", "docker.sock"),
    join(home, ".rd", "docker.sock"),
  ];
}

/** Why no engine answered, and what to do about it. `found` are sockets of other engines that exist. */
export function explainNoEngine(error: unknown, address: EngineAddress, found: readonly string[]): LabError {
  const where = `${address.host} (by ${address.namedBy})`;
  const failure = connectionFailure(error);
  const others = found.filter((path) => address.host !== `unix://${path}`);
  const elsewhere = others.length > 0 ? `; or use the engine at ${others[0]}: DOCKER_HOST=unix://${others[0]}` : "";
  if (failure === "EACCES" || failure === "EPERM") {
    return new LabError("precondition", `this user may not use the Docker engine at ${where}`, {
      hint: `\`sudo usermod -aG docker $USER\` and log in again, or use a rootless engine${elsewhere}`,
      cause: error,
    });
  }
  if (failure === "ECONNRESET" && isTimeout(error)) return silent(where, error);
  if (failure !== undefined) {
    const why = {
      ENOENT: "there is no such socket",
      ECONNREFUSED: isRemote(address) ? "the machine refuses the connection" : "nothing listens on the socket",
      ENOTFOUND: "there is no such machine",
    }[failure];
    return new LabError("precondition", `no Docker engine answers at ${where}: ${why ?? failure}`, {
      hint: {
        terminal: `${howToStart(address)}${elsewhere}; or run without Docker (--driver process)`,
        window: `${howToStart(address)}${elsewhere}; or open a stack on processes on the Stacks page`,
      },
      cause: error,
    });
  }
  if (statusOf(error) === undefined && isTimeout(error)) return silent(where, error);
  return new LabError(
    "unsupported",
    `what answers at ${where} is not a Docker engine: ${engineWords(error).slice(0, 200)}`,
    {
      hint: "set DOCKER_HOST to the socket of one, such as unix:///var/run/docker.sock",
      cause: error,
    },
  );
}

function silent(where: string, error: unknown): LabError {
  return new LabError("precondition", `the Docker engine at ${where} does not answer`, {
    hint: "it may be starting or stuck: see `docker info`, and restart it",
    cause: error,
  });
}

/** The client destroys a request that takes too long, which reads like a connection that was lost. */
function isTimeout(error: unknown): boolean {
  return /socket hang up|timeout|timed out/i.test(messageOf(error));
}

function howToStart(address: EngineAddress): string {
  if (isRemote(address)) return "see that the engine runs there and that the address is right";
  if (process.platform === "linux") return "start it with `sudo systemctl start docker`";
  return "start Docker Desktop";
}
