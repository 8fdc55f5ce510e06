import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { OVERLAY_FILE } from "../project-overlay.ts";
import { compose, containerId, docker, projectName } from "./on-docker.ts";

/**
 * Calls `CALLEE` when it is asked to, over connections that it keeps, and tells what came of it. A connection that waits
 * sends nothing: a probe of TCP, sent after a second by default, would find out before the next call that it was reset.
 */
const CALLER = `const http = require("http");
const agent = new http.Agent({ keepAlive: true, keepAliveMsecs: 3_600_000 });
const call = (body, headers) => new Promise((resolve) => {
  const startedMs = performance.now();
  const done = (outcome) => resolve({ ms: Math.round(performance.now() - startedMs), ...outcome });
  const options = { agent, method: body ? "POST" : "GET", headers: { ...headers, ...(body && { "content-type": "application/json" }) } };
  const asked = http.request(process.env.CALLEE, options, (reply) => {
    let text = "";
    reply.on("data", (part) => { text += part; }).on("end", () => done({ status: reply.statusCode, text })).on("error", (error) => done({ error: error.code }));
  });
  asked.on("error", (error) => done({ error: error.code })).end(body);
});
http.createServer(async (request, reply) => {
  let body = "";
  for await (const part of request) body += part;
  if (request.url === "/call") reply.end(JSON.stringify(await call(body, { "mcp-session-id": "session-1" })));
  else reply.end("well");
}).listen(8000, "::");
process.on("SIGTERM", () => process.exit(0));`;

/** Answers with its own address and its peer's. */
const CALLEE = `const http = require("http");
const server = http.createServer((request, reply) => {
  request.resume();
  reply.end(JSON.stringify({ own: request.socket.localAddress, peer: request.socket.remoteAddress }));
}).listen(8000, "::");
// Connections stay open until a fault resets them.
server.keepAliveTimeout = 0;
process.on("SIGTERM", () => process.exit(0));`;

export const CALLER_COMMAND = `[node, -e, ${JSON.stringify(CALLER)}]`;
export const CALLEE_COMMAND = `[node, -e, ${JSON.stringify(CALLEE)}]`;

/** A caller and a callee, which publishes nothing, that know nothing of the lab: `caller` calls `tools` by its name. */
export const TWO_SERVICES = `services:
  caller:
    image: node:24-slim
    command: ${CALLER_COMMAND}
    environment: { CALLEE: "http://tools:8000/" }
    ports: ["127.0.0.1::8000"]
    stop_grace_period: 1s
  tools:
    image: node:24-slim
    command: ${CALLEE_COMMAND}
    stop_grace_period: 1s
`;

/** All that a person has to say: the link. */
const OVERLAY = `x-lab:
  links: [{ name: "caller->tools", port: 8000 }]
`;

export interface Called {
  ms: number;
  status?: number;
  text?: string;
  error?: string;
}

/** Brought up before the tests of a group, for those that restart nothing of it, and taken down after them. */
export function sharedProject(text: string, files?: Readonly<Record<string, string>>): () => LinkedProject {
  let project: LinkedProject | undefined;
  beforeAll(() => {
    project = new LinkedProject(text, [], () => {}, files);
  });
  afterAll(() => project?.down());
  return () => {
    if (project === undefined) throw new Error("it is brought up before the tests");
    return project;
  };
}

/** A compose project that someone else has brought up, and what its containers are like. Taken down after the test. */
export class LinkedProject {
  readonly name = projectName();
  readonly folder: string;
  readonly file: string;

  /** @param files beside the compose file; by default what a person says of {@link TWO_SERVICES} */
  constructor(
    text: string,
    up: readonly string[] = [],
    atEnd: (down: () => void) => void = onTestFinished,
    files: Readonly<Record<string, string>> = { [OVERLAY_FILE]: OVERLAY },
  ) {
    this.folder = mkdtempSync(join(tmpdir(), "resilience lab linked "));
    this.file = join(this.folder, "compose.yaml");
    writeFileSync(this.file, text);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.folder, name), content);
    compose(this.folder, this.name, "up", "-d", ...up);
    atEnd(() => this.down());
  }

  down(): void {
    if (!existsSync(this.folder)) return;
    compose(this.folder, this.name, "down", "-v");
    rmSync(this.folder, { recursive: true, force: true });
  }

  container(service: string): string {
    return containerId(this.name, service);
  }

  /** Has the caller call its callee. */
  async call(body?: unknown): Promise<Called> {
    const port = docker("port", this.container("caller"), "8000/tcp").split("\n")[0]?.split(":").at(-1);
    const sent = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return (await (await fetch(`http://127.0.0.1:${port}/call`, sent)).json()) as Called;
  }

  /** What a container of a service is answered at each address: a status, or the code of an error. */
  statuses(service: string, urls: readonly string[]): (number | string)[] {
    const program = `Promise.all(${JSON.stringify(urls)}.map((url) => fetch(url).then(
      (reply) => reply.status, (error) => error.cause.code))).then((all) => console.log(JSON.stringify(all)))`;
    return JSON.parse(docker("exec", this.container(service), "node", "-e", program)) as (number | string)[];
  }

  /** All that the engine and the kernel know of the project: what must be the same after a fault on a link. */
  state(): string {
    const ids = this.#list("ps", "-aq", "--no-trunc");
    const inspected = JSON.parse(docker("inspect", ...ids)) as { Id: string; State: { Pid: number } }[];
    const networks = this.#list("network", "ls", "-q").map((id) => docker("network", "inspect", id));
    const volumes = this.#list("volume", "ls", "-q");
    const rules = inspected.flatMap(({ Id, State }) => [Id, ...rulesOf(State.Pid)]);
    return JSON.stringify({ inspected, networks, volumes, rules, sidecars: this.sidecars() }, undefined, 1);
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
  rules(service = "caller"): string[] {
    const pid = docker("inspect", "--format", "{{.State.Pid}}", this.container(service));
    return rulesOf(Number(pid));
  }

  #list(...words: string[]): string[] {
    const filter = ["--filter", `label=com.docker.compose.project=${this.name}`];
    return docker(...words, ...filter)
      .split("\n")
      .filter(Boolean)
      .sort();
  }
}

function rulesOf(pid: number): string[] {
  if (pid === 0) return [];
  return ["iptables-save", "ip6tables-save"].flatMap((tool) => {
    const output = execFileSync("nsenter", ["-t", String(pid), "-n", tool], { encoding: "utf8" });
    // Comments bear the time; the built-in chains of a table are there once it was ever used.
    return output.split("\n").filter((line) => line.startsWith("-A") || / - \[/.test(line));
  });
}
