import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose, containerId, docker } from "./docker-command.ts";

/** What its own health check leaves in a container goes on, whatever is broken. */
const OF_HEALTH_CHECKS = ["Health", "ExecIDs"];
/** What an engine chooses for each instance of a container; all else must be as it was after a fault on a service. */
const OF_INSTANCES = [
  ...OF_HEALTH_CHECKS,
  ...["StartedAt", "FinishedAt", "Pid", "SandboxID", "SandboxKey", "EndpointID", "HostPort"],
];

/** A compose project that someone else has brought up, and what its containers are like by docker and the kernel. */
export class ComposeProject {
  readonly name: string;
  readonly folder: string;
  readonly file: string;

  /** @param files beside the compose file */
  constructor(name: string, text: string, up: readonly string[], files: Readonly<Record<string, string>>) {
    this.name = name;
    this.folder = mkdtempSync(join(tmpdir(), "resilience lab linked "));
    this.file = join(this.folder, "compose.yaml");
    writeFileSync(this.file, text);
    for (const [each, content] of Object.entries(files)) writeFileSync(join(this.folder, each), content);
    compose(this.folder, this.name, "up", "-d", ...up);
  }

  down(): void {
    if (!existsSync(this.folder)) return;
    compose(this.folder, this.name, "down", "-v");
    rmSync(this.folder, { recursive: true, force: true });
  }

  container(service: string): string {
    return containerId(this.name, service);
  }

  /** What a container of a service is answered at each address: a status, or the code of an error. */
  statuses(service: string, urls: readonly string[]): (number | string)[] {
    const program = `Promise.all(${JSON.stringify(urls)}.map((url) => fetch(url).then(
      (reply) => reply.status, (error) => error.cause.code))).then((all) => console.log(JSON.stringify(all)))`;
    return JSON.parse(docker("exec", this.container(service), "node", "-e", program)) as (number | string)[];
  }

  /** All that the engine and the kernel know of the project. */
  state(): string {
    const ids = this.#list("ps", "-aq", "--no-trunc");
    const inspected = JSON.parse(docker("inspect", ...ids)) as { Id: string; State: { Pid: number } }[];
    const networks = this.#list("network", "ls", "-q").map((id) => docker("network", "inspect", id));
    const volumes = this.#list("volume", "ls", "-q");
    const rules = inspected.flatMap(({ Id, State }) => [Id, ...rulesOf(State.Pid)]);
    return JSON.stringify({ inspected, networks, volumes, rules, sidecars: this.sidecars() }, undefined, 1);
  }

  /** What must be the same before and after a fault on a link, and on a service. */
  stateAfter(fault: "link" | "service"): unknown {
    return stateBut(fault === "link" ? OF_HEALTH_CHECKS : OF_INSTANCES, this.state());
  }

  /** The lab's own containers in the network namespaces of this project. */
  sidecars(): string[] {
    const mine = this.#list("ps", "-aq", "--no-trunc");
    const all = docker("ps", "-aq", "--no-trunc", "--filter", "label=resilience-lab.link").split("\n").filter(Boolean);
    return all.filter((id) => {
      try {
        const mode = docker("inspect", "--format", "{{.HostConfig.NetworkMode}}", id);
        return mine.some((each) => mode === `container:${each}`);
      } catch {
        return false; // removed between the two commands
      }
    });
  }

  /** The packet rules in the network namespace of a service, as the kernel has them. */
  rules(service: string): string[] {
    return rulesOf(Number(docker("inspect", "--format", "{{.State.Pid}}", this.container(service))));
  }

  #list(...words: string[]): string[] {
    const filter = ["--filter", `label=com.docker.compose.project=${this.name}`];
    return docker(...words, ...filter)
      .split("\n")
      .filter(Boolean)
      .sort();
  }
}

function stateBut(but: readonly string[], state: string): unknown {
  // Networks are text of their own.
  const { networks, ...rest } = JSON.parse(state) as { networks: string[] };
  const whole = { ...rest, networks: networks.map((each) => JSON.parse(each) as unknown) };
  const text = JSON.stringify(whole, (key, value: unknown) => {
    if (but.includes(key)) return undefined;
    // The engine gives the names and the mounts of one container in any order.
    if (/^(?:Aliases|DNSNames|Mounts)$/.test(key) && Array.isArray(value))
      return value.map((each) => JSON.stringify(each)).sort();
    // The engine's own name server listens on other ports in each instance.
    return typeof value === "string" && value.includes("127.0.0.11")
      ? value.replaceAll(/(11:|--sport )\d+/g, "$1")
      : value;
  });
  return JSON.parse(text);
}

function rulesOf(pid: number): string[] {
  if (pid === 0) return [];
  return ["iptables-save", "ip6tables-save"].flatMap((tool) => {
    const output = execFileSync("nsenter", ["-t", String(pid), "-n", tool], { encoding: "utf8" });
    // Comments bear the time; the built-in chains of a table are there once it was ever used.
    return output.split("\n").filter((line) => line.startsWith("-A") || / - \[/.test(line));
  });
}
