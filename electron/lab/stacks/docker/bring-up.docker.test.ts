import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import type { StackProgress } from "../backend.ts";
import { loadStack, type Stack } from "../stack-file.ts";
import { takeDown } from "../take-down.ts";
import {
  compose,
  containerId,
  describeOnDocker,
  docker,
  newRegister,
  projectName,
  serverService,
  stackOf,
  upOnDocker,
} from "./testing/on-docker.ts";

/** Everything of a project that the engine has. */
function leftOf({ project }: Stack): string {
  const filter = ["--filter", `label=com.docker.compose.project=${project}`];
  return [
    docker("ps", "-aq", ...filter),
    docker("network", "ls", "-q", ...filter),
    docker("volume", "ls", "-q", ...filter),
  ].join("");
}

const oneShot = (name: string, script: string, more = "") => `  ${name}:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(script)}]
${more}`;

describeOnDocker("bringing a project up", (engine) => {
  test("in the order that the file asks for, and docker-compose sees and removes the same project", async () => {
    const health = `    healthcheck: { test: [CMD, node, -e, "fetch('http://127.0.0.1:8000').catch(() => process.exit(1))"], interval: 1s, retries: 30 }\n`;
    const services = [
      serverService(
        "web",
        "    depends_on: { database: { condition: service_healthy }, setup: { condition: service_completed_successfully } }\n",
      ),
      serverService("database", `${health}    volumes: ["data:/data"]\n`),
      oneShot("setup", "setTimeout(() => {}, 300)"),
    ].join("");
    const stack = stackOf(services, "volumes:\n  data: {}\n");
    const said: string[] = [];
    const running = await upOnDocker(engine, stack, {
      report: ({ service, state }: StackProgress) => said.push(`${service} ${state}`),
    });
    expect(said.slice(0, 3).sort()).toEqual(["database starting", "setup starting", "web starting"]);
    expect(said.indexOf("web starting")).toBe(2);
    expect(running.health.health("web").status).toBe("up");
    const folder = stack.folder;
    expect(compose(folder, stack.project, "ps", "--services").split("\n").filter(Boolean).sort()).toEqual([
      "database",
      "setup",
      "web",
    ]);
    expect(compose(folder, stack.project, "logs", "web")).toContain("ready");
    compose(folder, stack.project, "down", "-v");
    expect(leftOf(stack)).toBe("");
  });

  test("takes away all that it made, and a volume that was there before stays with its data", async () => {
    const stack = stackOf(
      serverService("web", '    volumes: ["mine:/mine", "theirs:/theirs", "/anonymous"]\n'),
      "volumes: { mine: {}, theirs: {} }\n",
    );
    const theirs = `${stack.project}_theirs`;
    docker("volume", "create", "--label", `com.docker.compose.project=${stack.project}`, theirs);
    onTestFinished(() => void docker("volume", "rm", "-f", theirs));
    const registry = newRegister();
    const running = await upOnDocker(engine, stack, registry);
    docker("exec", containerId(stack.project, "web"), "sh", "-c", "echo kept > /theirs/file");
    // Others make volumes on this engine meanwhile: only those of this project are looked for.
    const own = docker("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", containerId(stack.project, "web"));
    const volumes = own.split(" ").filter(Boolean);
    expect(volumes).toHaveLength(3);
    await running.close();
    for (const registered of registry.register.list()) {
      await takeDown(registered, registry.register, registry.stacksFolder);
    }
    expect(registry.register.list()).toEqual([]);
    const there = docker("volume", "ls", "-q").split("\n");
    expect(volumes.filter((name) => there.includes(name))).toEqual([theirs]);
    expect(leftOf(stack)).toBe(theirs);
    expect(docker("run", "--rm", "-v", `${theirs}:/theirs`, "node:24-slim", "cat", "/theirs/file")).toBe("kept");
  });

  test("builds what has changed, once, and says how far it is", async () => {
    const folder = temporaryFolder();
    const project = projectName();
    const image = `labtest/${project}:dev`;
    onTestFinished(() => void docker("rmi", "-f", image));
    mkdirSync(join(folder, "web"));
    const program = 'require("http").createServer((q, r) => r.end(require("fs").readFileSync("/word"))).listen(8000)';
    writeFileSync(join(folder, "web", "server.cjs"), program);
    // It goes into the image with its mode, and a lab that has begun writes for its owner alone.
    chmodSync(join(folder, "web", "server.cjs"), 0o644);
    writeFileSync(
      join(folder, "web", "Dockerfile"),
      'FROM node:24-slim\nARG WORD\nRUN echo -n $WORD > /word\nCOPY server.cjs /\nUSER node\nCMD ["node", "/server.cjs"]\n',
    );
    const write = (word: string) =>
      writeFileSync(
        join(folder, "compose.yaml"),
        `services:
  web:
    image: ${image}
    build: { context: ./web, args: { WORD: ${word} } }
    init: true
    ports: ["127.0.0.1::8000"]
    x-lab: { role: other, probe: { http: / } }
`,
      );
    const buildsOf = async () => {
      const steps: string[] = [];
      const stack = loadStack(join(folder, "compose.yaml"), { ...process.env, COMPOSE_PROJECT_NAME: project });
      const running = await upOnDocker(engine, stack, {
        report: ({ state, detail }) => state === "building" && detail !== undefined && steps.push(detail),
      });
      const answer = await (await fetch(`http://${running.address("web")}/`)).text();
      await running.down();
      return { steps, answer };
    };
    write("one");
    const first = await buildsOf();
    expect(first.answer).toBe("one");
    expect(first.steps).toContain(
      "Step 1/6 : FROM node:24-slim".replace("/6", first.steps.at(-1)?.match(/\/\d+/)?.[0] ?? ""),
    );
    expect((await buildsOf()).steps).toEqual([]);
    write("two");
    expect((await buildsOf()).answer).toBe("two");
  });

  describe("ends in a clear error and leaves nothing when", () => {
    const failing = async (stack: Stack, fixed = false): Promise<string> => {
      const registry = newRegister();
      const up = upOnDocker(engine, stack, { ...registry, ...(fixed ? { ports: "fixed" } : {}) });
      const error = await up.then(
        () => expect.unreachable("it came up"),
        (thrown: { code: string; message: string; hint?: string }) => thrown,
      );
      expect(leftOf(stack)).toBe("");
      expect(registry.register.list()).toEqual([]);
      return `${error.code}: ${error.message}\n${error.hint ?? ""}`;
    };

    test("an image cannot be pulled", async () => {
      const stack = stackOf('  web:\n    image: "127.0.0.1:9/nobody/nothing:1"\n');
      expect(await failing(stack)).toMatch(
        /^precondition: pulling 127\.0\.0\.1:9\/nobody\/nothing:1 for web failed: .*\n.*docker pull/s,
      );
    });

    test("a build fails, with its last lines", async () => {
      const stack = stackOf("  web:\n    build: .\n");
      writeFileSync(join(stack.folder, "Dockerfile"), "FROM node:24-slim\nRUN echo this is why; exit 3\n");
      expect(await failing(stack)).toMatch(/building \S+: .*this is why.*code: 3/s);
    });

    test("there is nothing to build from", async () => {
      expect(await failing(stackOf("  web:\n    build: .\n"))).toMatch(/there is no \S+Dockerfile to build from/);
    });

    test("a service ends while it starts, with its last lines", async () => {
      const bad = oneShot(
        "web",
        'console.error("no such database"); process.exit(3)',
        `    ports: ["127.0.0.1::8000"]\n    x-lab: { role: other, probe: { http: / } }\n`,
      );
      expect(await failing(stackOf(bad))).toMatch(
        /^unhealthy: web ended while it was starting; its last lines:\n\s+no such database/,
      );
    });

    test("what others wait for fails", async () => {
      const services = serverService(
        "web",
        "    depends_on: { setup: { condition: service_completed_successfully } }\n",
      );
      const stack = stackOf(services + oneShot("setup", 'console.log("half done"); process.exit(4)'));
      expect(await failing(stack)).toMatch(/^unhealthy: setup exited with code 4; its last lines:\n\s+half done/);
    });

    test("others wait for the health of a service without a health check", async () => {
      const stack = stackOf(
        serverService("web", "    depends_on: { db: { condition: service_healthy } }\n") + serverService("db"),
      );
      expect(await failing(stack)).toMatch(/others wait for db to be healthy, but it has no healthcheck/);
    });

    test("a port is taken, known before anything starts", async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      onTestFinished(() => void server.close());
      const { port } = server.address() as { port: number };
      const services = serverService("web").replace("127.0.0.1::8000", `127.0.0.1:${port}:8000`);
      expect(await failing(stackOf(services), true)).toMatch(
        `port-taken: already in use on 127.0.0.1: port ${port} (web)`,
      );
    });

    test("a port is taken that only the engine finds out about", async () => {
      const name = projectName();
      docker(
        "run",
        "-d",
        "--name",
        name,
        "-p",
        "127.0.0.1::8000",
        "node:24-slim",
        "node",
        "-e",
        "setTimeout(() => {}, 1e8)",
      );
      onTestFinished(() => void docker("rm", "-f", name));
      const port = docker("port", name, "8000").split(":").at(-1);
      const stack = stackOf(
        `${serverService("web")}  side:\n    image: node:24-slim\n    ports: ["127.0.0.1:${port}:8000"]\n`,
      );
      expect(await failing(stack)).toMatch(`port-taken: starting side: port ${port} is already in use`);
    });

    test("it is interrupted", async () => {
      const stop = new AbortController();
      const stack = stackOf(serverService("web"));
      const registry = newRegister();
      const up = upOnDocker(engine, stack, {
        ...registry,
        signal: stop.signal,
        report: () => stop.abort(new Error("interrupted")),
      });
      await expect(up).rejects.toThrow("interrupted");
      expect(leftOf(stack)).toBe("");
    });
  });

  test("a field that the lab does not bring up is refused, by its name and line, before anything is done", () => {
    expect(() => stackOf("  web:\n    image: x\n    privileged: true\n")).toThrow(
      /compose\.yaml:4:5: services\.web: compose.s "privileged" is not supported by the lab.s own bring-up/,
    );
  });
});
