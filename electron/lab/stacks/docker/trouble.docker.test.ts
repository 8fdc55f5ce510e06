import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { LabProcess } from "./testing/lab-process.ts";
import { describeOnDocker, docker, projectName, serverService } from "./testing/on-docker.ts";
import { CAN_START_ENGINE, PrivateEngine } from "./testing/private-engine.ts";

function files(method: string) {
  const folder = temporaryFolder();
  const stack = join(folder, "compose.yaml");
  writeFileSync(stack, `services:\n${serverService("web")}${serverService("other")}`);
  const scenario = join(folder, "scenario.yaml");
  writeFileSync(
    scenario,
    `id: small
title: A small one
patterns: []
steadyState: [{ service: web, is: up }]
method: [${method}]
expect: [{ within: 5m }]
`,
  );
  return { stack, scenario };
}

const STOP_AND_WAIT = "{ fault: { stop: web } }, { wait: 10m }";

describeOnDocker("a lab that dies", () => {
  test("while services are stopped: the next start takes down what it had brought up", async () => {
    const { stack, scenario } = files(STOP_AND_WAIT);
    const project = projectName();
    const lab = new LabProcess({ COMPOSE_PROJECT_NAME: project });
    const session = lab.start("run", scenario, "--driver", "docker", "--stack", stack);
    await session.says(/wait for 10 min/);
    await lab.cutPower();
    const filter = ["--filter", `label=com.docker.compose.project=${project}`];
    expect(docker("ps", "-aq", ...filter).split("\n")).toHaveLength(2);
    const { said } = await lab.run("stack", "down");
    expect(said).toContain("no stack is up");
    expect(docker("ps", "-aq", ...filter)).toBe("");
    expect(docker("network", "ls", "-q", ...filter)).toBe("");
  });

  test("over a stack that stays up: the next start restores what was broken and nothing else", async () => {
    const { stack, scenario } = files(STOP_AND_WAIT);
    const project = projectName();
    const lab = new LabProcess({ COMPOSE_PROJECT_NAME: project });
    const place = ["--driver", "docker", "--stack", stack];
    expect((await lab.run("stack", "up", ...place)).code).toBe(0);
    const session = lab.start("run", scenario, ...place);
    await session.says(/wait for 10 min/);
    await lab.cutPower();
    const name = (service: string) => `${project}-${service}-1`;
    const stateOf = (service: string) => docker("inspect", "--format", "{{.State.Status}}", name(service));
    docker("pause", name("other"));
    expect([stateOf("web"), stateOf("other")]).toEqual(["exited", "paused"]);
    const status = files("{ wait: 10ms }");
    const { said } = await lab.run("run", status.scenario, ...place);
    expect(said).toContain("recovered: undid stop web, left by a lab that died: restored");
    expect([stateOf("web"), stateOf("other")]).toEqual(["running", "paused"]);
    expect((await lab.run("stack", "status")).said).toMatch(/other +down .*the container is paused/);
    expect((await lab.run("stack", "down", "--volumes")).said).toContain("nothing is left running");
  });
});

/** One that ignores its stop signal, one that has data to save when it hears it, and one that waits for good. */
function neverUp() {
  const folder = temporaryFolder();
  const stack = join(folder, "compose.yaml");
  // It is not healthy before the first check, which does not come.
  const healthcheck = 'healthcheck: { test: [CMD, "false"], interval: 1h }';
  const service = (name: string, program: string, more: string) => `  ${name}:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(program)}]
    stop_grace_period: 10m
    ${more}
`;
  const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6);';
  const careful =
    'process.on("SIGTERM", () => { require("fs").writeFileSync("/kept/saved", "all"); process.exit(0); }); setInterval(() => {}, 1e6); require("fs").writeFileSync("/kept/begun", "");';
  const services = [
    service("deaf", deaf, healthcheck),
    service("careful", careful, `volumes: ["${folder}/kept:/kept"]`),
    serverService("web", "    depends_on: { deaf: { condition: service_healthy } }\n"),
  ];
  writeFileSync(stack, `services:\n${services.join("")}`);
  return { stack, kept: join(folder, "kept") };
}

describeOnDocker("a lab that is killed while it brings a stack up", () => {
  const begun = async (project: string, kept: string, lab: LabProcess, ...words: string[]) => {
    const session = lab.start(...words);
    const running = () => docker("ps", "-q", "--filter", `label=com.docker.compose.project=${project}`).split("\n");
    await expect.poll(() => existsSync(join(kept, "begun")) && running().length).toBe(2);
    return session;
  };
  const leftOf = (project: string) => {
    const filter = ["--filter", `label=com.docker.compose.project=${project}`];
    return docker("ps", "-aq", ...filter) + docker("network", "ls", "-q", ...filter);
  };

  test.each([
    ["for a run", "watchdog"],
    ["for a run", "next start"],
    ["to be kept", "watchdog"],
  ])("leaves nothing, and what saves data is given its time: %s, by the %s", async (what, who) => {
    const { stack, kept } = neverUp();
    const { scenario } = files("{ wait: 10ms }");
    const project = projectName();
    const lab = new LabProcess({ COMPOSE_PROJECT_NAME: project });
    const words = what === "for a run" ? ["run", scenario] : ["stack", "up"];
    const session = await begun(project, kept, lab, ...words, "--driver", "docker", "--stack", stack);
    if (who === "watchdog") {
      session.kill();
      await lab.ended();
    } else {
      await lab.cutPower();
      await lab.run("stack", "down");
    }
    expect(leftOf(project)).toBe("");
    expect(readFileSync(join(kept, "saved"), "utf8")).toBe("all");
  });

  test("leaves nothing when it is only interrupted", async () => {
    const { stack, kept } = neverUp();
    const project = projectName();
    const lab = new LabProcess({ COMPOSE_PROJECT_NAME: project });
    const session = await begun(project, kept, lab, "stack", "up", "--driver", "docker", "--stack", stack);
    session.interrupt();
    expect(await session.ended, session.said()).toBe(130);
    expect(leftOf(project)).toBe("");
    expect(readFileSync(join(kept, "saved"), "utf8")).toBe("all");
  });
});

const missing = CAN_START_ENGINE ? undefined : "an engine of the test's own takes root, dockerd and ip";

describeOnDocker.unless(missing, "an engine that goes away", () => {
  const ofGroup = PrivateEngine.forGroup();

  test("and comes back in mid-run: the run ends in a clear state, and nothing is left", async () => {
    const engine = ofGroup();
    const { stack, scenario } = files(STOP_AND_WAIT);
    const lab = new LabProcess({ DOCKER_HOST: engine.host, COMPOSE_PROJECT_NAME: "restarted" }, [
      "nsenter",
      ...engine.inside,
    ]);
    const session = lab.start("run", scenario, "--driver", "docker", "--stack", stack);
    await session.says(/wait for 10 min/);
    await engine.stop();
    await session.says(/the Docker engine went away/);
    // Rolled back while the engine is on its way up again.
    session.interrupt();
    await engine.start();
    expect(await session.ended, session.said()).toBe(130);
    expect(session.said()).toMatch(/health +other up -> down/);
    expect(session.said()).toMatch(/undo +restored: web is running and up/);
    expect(engine.docker("ps", "-aq")).toBe("");
  });

  test("and stays away: what is broken is said, and the next start with an engine takes it down", async () => {
    const engine = ofGroup();
    const { stack, scenario } = files(STOP_AND_WAIT);
    const lab = new LabProcess({ DOCKER_HOST: engine.host, COMPOSE_PROJECT_NAME: "gone" }, [
      "nsenter",
      ...engine.inside,
    ]);
    const session = lab.start("run", scenario, "--driver", "docker", "--stack", stack);
    await session.says(/wait for 10 min/);
    await engine.stop();
    session.interrupt();
    expect(await session.ended, session.said()).not.toBe(0);
    expect(session.said()).toMatch(/the Docker engine does not answer/);
    const without = await lab.run("run", scenario, "--driver", "docker", "--stack", stack);
    expect(without.said).toMatch(/no Docker engine answers at unix:\S+ \(by DOCKER_HOST\)/);
    await engine.start();
    expect(engine.docker("ps", "-aq").split("\n")).toHaveLength(2);
    await lab.run("stack", "down");
    expect(engine.docker("ps", "-aq")).toBe("");
  });
});
