import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { inspectAll } from "../compose-labels.ts";
import { socketsOnEngine } from "../namespace-sockets.ts";
import { findProject } from "../project-stack.ts";
import { seenTraffic } from "../seen-traffic.ts";
import { LabProcess } from "../testing/lab-process.ts";
import { type LinkedProject, sharedProject } from "../testing/linked-project.ts";
import { compose, describeOnDocker, docker, SERVER } from "../testing/on-docker.ts";

/** A network of the lab's own, as a virtual machine's is: it reaches the engine's socket, and no address of a container. */
const ELSEWHERE = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
const canBeElsewhere = spawnSync("unshare", ["--net", "true"]).status === 0;

/** Keeps a connection to an address that neither its environment nor its command has. */
const KEEPS_A_CONNECTION = `const { host, port } = require("/etc/peer.json");
const dial = () => require("net").connect(port, host).on("error", () => {}).on("close", () => setTimeout(dial, 100)).resume();
dial();
process.on('SIGTERM', () => process.exit(0))`;

/** Nothing is published: `web` speaks HTTP in a network that leads nowhere else, `quiet` has a port that nobody listens on. */
const PROJECT = `services:
  web:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(SERVER)}]
    environment: { ANSWER: through the door }
    expose: ["8000"]
    networks: [inner]
    stop_grace_period: 1s
  quiet:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(KEEPS_A_CONNECTION)}]
    expose: ["9000"]
    volumes: ["./peer.json:/etc/peer.json:ro"]
    networks: [inner, default]
    stop_grace_period: 1s
networks:
  inner: { internal: true }
`;

/** What is waited for starts a container. */
const WAIT = { timeout: 240_000, interval: 200 };

const SCENARIO = {
  id: "through-a-door",
  title: "Through a door",
  patterns: [],
  steadyState: [{ service: "web", is: "up" }],
  method: [
    { http: "web", path: "/hello" },
    { fault: { stop: "web" } },
    { undo: "all" },
    { http: "web", path: "/again" },
  ],
  expect: [{ service: "web", is: "up" }],
};

/** Their label begins with the project. */
const doorsOf = ({ name }: LinkedProject) =>
  docker("ps", "-a", "--filter", "label=resilience-lab.door", "--format", '{{.Label "resilience-lab.door"}}')
    .split("\n")
    .filter((stack) => stack.startsWith(name));

function scenarioOn(project: LinkedProject, scenario: object): string {
  const file = join(project.folder, "scenario.yaml");
  writeFileSync(file, JSON.stringify(scenario));
  return file;
}

async function waiting(project: LinkedProject, lab: LabProcess, breaking: readonly object[] = []) {
  const file = scenarioOn(project, {
    ...SCENARIO,
    method: [{ http: "web", path: "/" }, ...breaking, { wait: "10m" }],
  });
  const session = lab.start("run", file, "--project", project.name);
  await session.says(/wait for 10 min/);
  expect(doorsOf(project)).toHaveLength(1);
  return session;
}

const missing = canBeElsewhere ? undefined : "needs root and unshare";
describeOnDocker.unless(missing, "a project that publishes nothing, of which a lab reaches no address", (engine) => {
  const shared = sharedProject(PROJECT, { "peer.json": JSON.stringify({ host: "web", port: 8000 }) });

  test("is described, probed, called and broken through a door, which is gone afterwards", async () => {
    const project = shared();
    const lab = new LabProcess({}, ELSEWHERE);
    const described = await lab.run("stacks", "describe", project.name);
    expect(described.code, described.said).toBe(0);
    expect(described.said).toMatch(/http: \/health/);
    // Nobody listens there: what the lab's own end accepts tells nothing.
    expect(described.said).toMatch(/container: true/);
    expect(doorsOf(project)).toEqual([]);
    const networks = docker("network", "inspect", `${project.name}_inner`);
    const { code, said } = await lab.run("run", scenarioOn(project, SCENARIO), "--project", project.name);
    expect(code, said).toBe(0);
    expect(docker("logs", project.container("web"))).toMatch(/asked \/hello[\s\S]*asked \/again/);
    expect(doorsOf(project)).toEqual([]);
    expect(docker("network", "inspect", `${project.name}_inner`).replaceAll(/"EndpointID".*/g, "")).toBe(
      networks.replaceAll(/"EndpointID".*/g, ""),
    );
  });

  test("has the links on which connections are open, read on this machine or on the engine's", async () => {
    const project = shared();
    const found = await vi.waitFor(async () => {
      const { seenLinks } = await findProject(engine.docker, project.name, undefined, {});
      expect(seenLinks).toEqual([{ name: "quiet->web", port: 8000 }]);
      return inspectAll(engine.docker, project.name);
    }, WAIT);
    // What reads them has 3 s to start, which a busy machine may take.
    const { sockets } = await vi.waitFor(async () => {
      const read = await socketsOnEngine(engine.docker, found);
      expect(read.unread).toEqual([]);
      return read;
    }, WAIT);
    const onEngine = seenTraffic(found, sockets);
    expect(onEngine.links).toEqual([{ name: "quiet->web", port: 8000 }]);
    expect(onEngine.listening).toEqual(
      new Map([
        ["web", [8000]],
        ["quiet", []],
      ]),
    );
    const lab = new LabProcess({}, ELSEWHERE);
    await vi.waitFor(async () => {
      const { said } = await lab.run("stacks", "describe", project.name);
      expect(said).toContain("name: quiet->web # proposed: a connection was seen\n      port: 8000");
    }, WAIT);
  });

  test("keeps no door of a lab that was killed with its watchdog", async () => {
    const lab = new LabProcess({}, ELSEWHERE);
    const project = shared();
    await waiting(project, lab);
    await lab.cutPower();
    await expect.poll(() => doorsOf(project)).toEqual([]);
  });

  test("can be removed while it is used, and the run ends with that reason", async () => {
    const project = shared();
    const session = await waiting(project, new LabProcess({}, ELSEWHERE), [{ fault: { stop: "quiet" } }]);
    compose(project.folder, project.name, "down");
    expect(await session.ended, session.said()).toBe(1);
    expect(session.said()).toMatch(new RegExp(`${project.name} was removed`));
    expect(doorsOf(project)).toEqual([]);
  });
});
