import { randomInt, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { compose, containerId, docker } from "../../../../testing/docker-command.ts";
import { temporaryFolder } from "../../../../testing/temporary-folder.ts";
import { openHome } from "../../../home.ts";
import { openJournal } from "../../../journal/journal.ts";
import { StackRegister } from "../../../journal/stack-register.ts";
import { messageOf } from "../../../lab-error.ts";
import { RunningStack, type UpOptions } from "../../running-stack.ts";
import { loadStack, type Stack } from "../../stack-file.ts";
import { connectEngine, type Engine } from "../engine.ts";

export { compose, containerId, docker };

const reached: Engine | string = await connectEngine(process.env, false).catch(messageOf);

/**
 * Tests that need a real engine. Where none answers they are skipped, and said to be; on CI that is a failure. What the
 * engine holds must be the same before and after.
 */
export function describeOnDocker(name: string, tests: (engine: Engine) => void): void {
  describeWith(name, reached, tests);
}

/** The same for tests that also need something of the machine; `missing` says what it lacks, if anything. */
describeOnDocker.unless = (missing: string | undefined, name: string, tests: (engine: Engine) => void): void => {
  describeWith(name, missing ?? reached, tests);
};

function describeWith(name: string, engine: Engine | string, tests: (engine: Engine) => void): void {
  if (typeof engine !== "string") {
    describe(name, () => {
      let before = "";
      beforeAll(() => {
        before = holdings();
      });
      afterAll(() => expect(holdings(), "what the engine holds").toBe(before));
      tests(engine);
    });
    return;
  }
  console.log(`docker: skipped, no engine (${name}: ${engine})`);
  if (process.env.CI === "true") throw new Error(`docker: on CI these tests may not be skipped: ${name}: ${engine}`);
  describe.skip(name, () => test("needs an engine", () => {}));
}

/** The containers, networks and volumes of projects that these tests make, as the docker command line lists them. */
function holdings(): string {
  const filter = ["--filter", "label=com.docker.compose.project", "--format"];
  return [
    docker("ps", "-a", ...filter, "{{.Names}}"),
    docker("network", "ls", ...filter, "{{.Name}}"),
    docker("volume", "ls", ...filter, "{{.Name}}"),
  ]
    .map((list) =>
      list
        .split("\n")
        .filter((line) => line.startsWith(PREFIX))
        .sort()
        .join("\n"),
    )
    .join("\n--\n");
}

/** Of this test file alone: others may be at work on the same engine. */
const PREFIX = `labtest${randomUUID().slice(0, 6)}`;

export function projectName(): string {
  return `${PREFIX}${randomUUID().slice(0, 4)}`;
}

/** The first three parts of a /24 of this test's own: the engine refuses networks that overlap. */
export function ownSubnet(): string {
  return `10.${randomInt(64, 192)}.${randomInt(0, 256)}`;
}

/** Answers HTTP on 8000, says that it does, and ends on SIGTERM. */
export const SERVER = `const http = require("http");
const server = http.createServer((q, r) => { console.log("asked " + q.url); r.end(process.env.ANSWER || "well"); });
server.listen(8000, () => { console.log("ready"); console.error("a warning"); });
process.on("SIGTERM", () => process.exit(0));`;

export function serverService(name: string, more = ""): string {
  return `  ${name}:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(SERVER)}]
    ports: ["127.0.0.1::8000"]
    environment: { ANSWER: "${name}" }
    stop_grace_period: 1s
    x-lab: { role: other, probe: { http: /health } }
${more}`;
}

/** A stack file in a folder of its own, as a project of this test alone. */
export function stackOf(services: string, rest = ""): Stack {
  const folder = temporaryFolder();
  const file = join(folder, "compose.yaml");
  writeFileSync(file, `services:\n${services}${rest}`);
  return loadStack(file, { ...process.env, COMPOSE_PROJECT_NAME: projectName() });
}

/** A register of its own, as of a lab with a data folder of its own. */
export function newRegister(): { register: StackRegister; stacksFolder: string } {
  const folder = mkdtempSync(join(tmpdir(), "resilience-lab-test-"));
  const home = openHome(folder);
  const journal = openJournal(home.journalFile);
  onTestFinished(() => {
    journal.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { register: new StackRegister(journal), stacksFolder: home.stacksFolder };
}

/** Up as the lab brings it up; taken down when the test has ended. */
export async function upOnDocker(
  engine: Engine,
  stack: Stack,
  options: Partial<UpOptions> = {},
): Promise<RunningStack> {
  const running = await RunningStack.up(stack, {
    ...newRegister(),
    engine,
    ports: "auto",
    kept: false,
    environment: process.env,
    signal: new AbortController().signal,
    ...options,
  });
  onTestFinished(() => running.down());
  return running;
}

export function stateOf(project: string, service: string): string {
  return docker("inspect", "--format", "{{.State.Status}}", containerId(project, service));
}
