import { execFileSync } from "node:child_process";

/** The docker command line: the witness that knows nothing of the lab. */
export function docker(...words: string[]): string {
  return execFileSync("docker", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

export function compose(folder: string, project: string, ...words: string[]): string {
  return execFileSync("docker-compose", ["-p", project, ...words], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** The containers of a service as docker itself lists them. */
export function containerId(project: string, service: string): string {
  const filters = [`label=com.docker.compose.project=${project}`, `label=com.docker.compose.service=${service}`];
  return docker("ps", "-aq", "--no-trunc", ...filters.flatMap((filter) => ["--filter", filter]));
}
