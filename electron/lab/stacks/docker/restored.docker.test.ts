import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { lastingFolder } from "../../../testing/lasting-folder.ts";
import { LabProcess } from "./testing/lab-process.ts";
import {
  compose,
  containerId,
  describeOnDocker,
  docker,
  ownSubnet,
  projectName,
  stateOf,
} from "./testing/on-docker.ts";

const answering = (port: number, word: string) =>
  `require("http").createServer((q, r) => r.end("${word}")).listen(${port}); process.on("SIGTERM", () => process.exit(0));`;

const service = (name: string, port: number, more: string) => `  ${name}:
    image: node:24-slim
    init: true
    command: [node, -e, ${JSON.stringify(answering(port, name))}]
    stop_grace_period: 1s
${more}`;

/**
 * A project with everything that a container can be configured with: aliases, links, fixed addresses, several
 * networks, a health check, and others that live in its network, its process and its IPC namespace.
 */
const project = (subnet: string) => `version: "2.4"
services:
${service("db", 8000, "    networks: [front, back]\n")}
${service(
  "web",
  8000,
  `    mac_address: "02:42:ac:11:65:44"
    ports: ["127.0.0.1::8000"]
    ipc: shareable
    links: ["db:database"]
    networks:
      front: { aliases: [shop, store], ipv4_address: ${subnet}.9 }
      back: {}
    healthcheck: { test: [CMD, bash, -c, "exec 3<>/dev/tcp/127.0.0.1/8000"], interval: 5s }
    x-lab: { role: other, probe: { http: / } }
`,
)}
${service("side", 8001, '    network_mode: "service:web"\n    depends_on: [web]\n')}
${service("second", 8002, '    network_mode: "service:side"\n    depends_on: [side]\n')}
${service("debugger", 8003, '    pid: "service:web"\n    depends_on: [web]\n    networks: [back]\n    x-lab: { role: other, probe: { container: true } }\n')}
${service("shared", 8004, '    ipc: "service:web"\n    depends_on: [web]\n    networks: [back]\n')}
networks:
  front: { ipam: { config: [{ subnet: ${subnet}.0/24 }] } }
  back: {}
`;

const SERVICES = ["db", "web", "side", "second", "debugger", "shared"];

const scenario = (method: string) => `id: small
title: A small one
patterns: []
steadyState: [{ service: web, is: up }]
method: [${method}]
expect: [{ within: 5m }]
`;

/** What every new instance, every new connection to a network and every run of a health check has of its own. */
const OWN_TO_A_LIFE =
  /^(ExecIDs|State\.(StartedAt|FinishedAt|Pid|ExitCode|Health\..*)|NetworkSettings\.(SandboxID|SandboxKey|Ports\..*\.HostPort|EndpointID)|NetworkSettings\.Networks\.[^.]+\.EndpointID)$/;
/** Where no address was chosen the engine gives one that is free, and a MAC that follows from it. */
const ADDRESS = /^(.* NetworkSettings\.Networks\.[^.]+\.)(IPAddress|MacAddress)$/;

class SomeonesProject {
  readonly name = projectName();
  readonly folder = lastingFolder();

  up(): void {
    writeFileSync(join(this.folder, "docker-compose.yml"), project(ownSubnet()));
    compose(this.folder, this.name, "up", "-d");
  }

  down(): void {
    compose(this.folder, this.name, "down", "-v");
  }

  scenario(method: string): string {
    const path = join(this.folder, "scenario.yaml");
    writeFileSync(path, scenario(method));
    return path;
  }

  id(name: string): string {
    return containerId(this.name, name);
  }

  /** All that docker says of every container, but for what is new with each instance. */
  inspected(): Record<string, unknown> {
    const all = JSON.parse(docker("inspect", ...SERVICES.map((name) => this.id(name)))) as unknown[];
    const leaves = all.flatMap((each, at) =>
      leavesOf(each, "").map(([path, value]) => [`${SERVICES[at]}: ${path}`, value]),
    );
    const chosen = new Set(
      leaves.map(([path]) => String(path)).filter((path) => path.endsWith("IPAMConfig.IPv4Address")),
    );
    const isFree = (path: string) => {
      const [, network] = ADDRESS.exec(path) ?? [];
      return network !== undefined && !chosen.has(`${network}IPAMConfig.IPv4Address`);
    };
    const isCompared = (path: string) => !OWN_TO_A_LIFE.test(path.replace(/^\w+: /, "")) && !isFree(path);
    return Object.fromEntries(leaves.filter(([path]) => isCompared(String(path))));
  }

  /** Who reaches whom, asked from within the containers. */
  works(): Record<string, string> {
    const fetched = (from: string, ...urls: string[]) =>
      this.#exec(from, "bash", "-c", FETCH, "bash", ...urls.flatMap((url) => url.split(":")));
    this.#exec("web", "sh", "-c", "echo from web > /dev/shm/word");
    return {
      "web knows db by its link": fetched("web", "database:8000"),
      "db reaches web by an alias, and side and second through web's network": fetched(
        "db",
        "shop:8000",
        "web:8001",
        "web:8002",
      ),
      "side reaches db": fetched("side", "db:8000"),
      "second reaches db": fetched("second", "db:8000"),
      "debugger sees web's first process": this.#exec(
        "debugger",
        "sh",
        "-c",
        "tr '\\0' ' ' < /proc/1/cmdline | grep -c 8000",
      ),
      "shared has web's memory": this.#exec("shared", "cat", "/dev/shm/word"),
    };
  }

  #exec(name: string, ...words: string[]): string {
    try {
      return docker("exec", this.id(name), ...words);
    } catch (error) {
      return `failed: ${String(error).split("\n")[0]}`;
    }
  }
}

/** The last line of what each host and port answer: a program that starts at once, where Node takes longer than all else. */
const FETCH =
  'set -e; while [ $# -gt 0 ]; do exec 3<>"/dev/tcp/$1/$2"; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; tail -n 1 <&3; echo; shift 2; done';

/** Each value with the way to it; lists whose order means nothing are sorted, and nothing at all is like an empty one. */
function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (value === null || value === "") return [];
  if (Array.isArray(value) && value.every((each) => typeof each !== "object")) {
    return value.length === 0 ? [] : [[path, [...value].sort()]];
  }
  if (typeof value !== "object") return [[path, value]];
  return Object.entries(value).flatMap(([key, part]) => leavesOf(part, path === "" ? key : `${path}.${key}`));
}

const BREAK_AND_WAIT = (kind: string) => `{ fault: { ${kind}: web } }, { wait: 10m }`;

/** What has to be the same after: what docker shows, and who reaches whom. */
function asFound(theirs: SomeonesProject) {
  const [inspected, works] = [theirs.inspected(), theirs.works()];
  expect(Object.values(works).join()).not.toContain("failed");
  return (said: string) => {
    expect(theirs.works(), said).toEqual(works);
    expect(theirs.inspected(), said).toEqual(inspected);
  };
}

/** Breaks web and waits until it is broken, in a lab of its own. */
async function breakIn(theirs: SomeonesProject, kind: string) {
  const lab = new LabProcess();
  const session = lab.start("run", theirs.scenario(BREAK_AND_WAIT(kind)), "--project", theirs.name);
  await session.says(/wait for 10 min/);
  return { lab, session };
}

describeOnDocker("a service of someone else's project that others depend on", () => {
  /** One for all: each test has to leave it as the first one found it. */
  const theirs = new SomeonesProject();
  let isAsFound: ReturnType<typeof asFound>;
  beforeAll(() => {
    theirs.up();
    isAsFound = asFound(theirs);
  });
  afterAll(() => theirs.down());

  const fault = (kind: string) => ({ fault: { [kind]: "web" } });
  const several = [fault("disconnect"), { fault: { pause: "web", for: "1s" } }, { wait: "2s" }, fault("stop")];
  test.each([
    ["stop, kill", [[fault("stop")], [fault("kill")]]],
    ["restart, pause", [[fault("restart")], [fault("pause")]]],
    ["disconnect, alone and with others", [[fault("disconnect")], several]],
  ])("is after %s as docker showed it before, and all who share with it work", async (_what, runs) => {
    for (const steps of runs) {
      const path = theirs.scenario(steps.map((step) => JSON.stringify(step)).join(", "));
      const { code, said } = await new LabProcess().run("run", path, "--project", theirs.name);
      expect(code, said).toBe(0);
      isAsFound(said);
    }
  });

  // Each of these undoes every kind by the same code: a kind each.
  test("is so too when the lab dies and its watchdog undoes it", async () => {
    const { lab, session } = await breakIn(theirs, "disconnect");
    session.kill();
    await lab.ended();
    isAsFound("the watchdog");
  });

  test("is so too when the next start undoes it", async () => {
    const { lab } = await breakIn(theirs, "kill");
    await lab.cutPower();
    isAsFound((await lab.run("stack", "down")).said);
  });

  test("is so too when it is halted while the lab is frozen", async () => {
    const { lab } = await breakIn(theirs, "stop");
    lab.freeze();
    isAsFound((await lab.run("halt")).said);
    await lab.cutPower();
  });

  test("goes down with others that are named in the plan and in the run, unless they are another's", async () => {
    const lab = new LabProcess();
    const path = theirs.scenario("{ fault: { stop: web } }");
    const onProject = ["--project", theirs.name];
    const oneLine = (text: string) => text.replaceAll(/\s+/g, " ");
    const others =
      "restart debugger (shares web's processes), shared (shares web's IPC), side (shares web's network), second (shares side's network)";
    expect(oneLine((await lab.run("plan", path, ...onProject)).said)).toContain(others);
    expect(oneLine((await lab.run("run", path, ...onProject)).said)).toContain(others);
    const network = `container:${theirs.id("web")}`;
    const stranger = docker("run", "-d", "--init", "--network", network, "node:24-slim", "sleep", "600");
    onTestFinished(() => void docker("rm", "-f", stranger));
    const { code, said } = await lab.run("run", path, ...onProject);
    expect(code).not.toBe(0);
    expect(said).toMatch(/shares web's network and is not of project/);
    expect(stateOf(theirs.name, "web")).toBe("running");
    isAsFound(said);
  });

  // The last: nobody gives the network back.
  test("from which someone takes a network while a fault is in force is residue, by the network's name", async () => {
    const path = theirs.scenario("{ fault: { stop: web } }, { wait: 3s }");
    const session = new LabProcess().start("run", path, "--project", theirs.name);
    await session.says(/wait for 3/);
    docker("network", "disconnect", `${theirs.name}_back`, theirs.id("web"));
    expect(await session.ended, session.said()).toBe(1);
    expect(session.said()).toMatch(/RESIDUE/);
    expect(session.said()).toContain(`web: it is no longer on network ${theirs.name}_back`);
  });
});
