/**
 * Opens nine compose projects of public programs and compares what the lab takes their services for with what their authors
 * would: at least 90 % of all, each in 3 s at most. Needs a Docker engine and docker-compose.
 *
 * npm run soak -- roles
 */
import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { parse } from "yaml";
import { inspectAll } from "../lab/stacks/docker/compose-labels.ts";
import { connectEngine } from "../lab/stacks/docker/engine.ts";
import { readSockets } from "../lab/stacks/docker/namespace-sockets.ts";
import { describeProject, findProject } from "../lab/stacks/docker/project-stack.ts";
import { seenTraffic } from "../lab/stacks/docker/seen-traffic.ts";
import { ComposeProject } from "../testing/compose-project.ts";
import { type DescribedProject, MORE_PUBLIC_PROJECTS } from "../testing/more-public-projects.ts";
import { PUBLIC_COMPOSE, PUBLIC_ROLES } from "../testing/public-project.ts";
import { publicProjects } from "../testing/public-projects.ts";

const LIMIT_MS = 3_000;
const WANTED = 0.9;
/** No service has started or stopped listening for this long: they have all come up. */
const SETTLED_MS = 15_000;

const { docker, address } = await connectEngine(process.env, false);
const first: DescribedProject = {
  name: "a hub, a server, a database, a page, a worker and a migration",
  compose: PUBLIC_COMPOSE,
  files: {},
  up: [],
  roles: PUBLIC_ROLES,
};
const subnet = `10.${randomInt(100, 250)}.${randomInt(0, 250)}`;
let right = 0;
let all = 0;
let slowestMs = 0;
for (const project of [first, ...publicProjects(subnet), ...MORE_PUBLIC_PROJECTS]) {
  const up = new ComposeProject(`labroles${randomUUID().slice(0, 8)}`, project.compose, project.up, project.files);
  try {
    await settled(up.name);
    const startedMs = performance.now();
    const found = await findProject(docker, up.name, undefined, {});
    const { text } = await describeProject(docker, found, address);
    // Of all services together, and so of each.
    const tookMs = performance.now() - startedMs;
    slowestMs = Math.max(slowestMs, tookMs);
    const { services } = parse(text) as { services: Record<string, { "x-lab": { role: string } }> };
    const wrong = Object.entries(project.roles).filter(([name, role]) => services[name]?.["x-lab"].role !== role);
    all += Object.keys(project.roles).length;
    right += Object.keys(project.roles).length - wrong.length;
    const taken = wrong.map(
      ([name, role]) => `${name} is ${role}, taken for ${JSON.stringify(services[name]?.["x-lab"])}`,
    );
    console.log(`roles: ${project.name}: ${Math.round(tookMs)} ms; ${taken.join("; ") || "all right"}`);
  } finally {
    up.down();
  }
}
const isWell = right / all >= WANTED && slowestMs <= LIMIT_MS;
console.log(
  `roles: ${right} of ${all} right (at least ${WANTED * 100} %), longest ${Math.round(slowestMs)} ms (at most ${LIMIT_MS})`,
);
process.exitCode = isWell ? 0 : 1;

async function settled(project: string): Promise<void> {
  let before = "";
  let sinceMs = performance.now();
  while (performance.now() - sinceMs < SETTLED_MS) {
    await delay(500);
    const containers = await inspectAll(docker, project);
    const { sockets } = await readSockets(docker, containers);
    const { listening } = seenTraffic(containers, sockets);
    const now = JSON.stringify([...listening]);
    if (now !== before) sinceMs = performance.now();
    before = now;
  }
}
