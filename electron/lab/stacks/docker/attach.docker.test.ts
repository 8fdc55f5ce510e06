import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { lastingFolder } from "../../../testing/lasting-folder.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { LabProcess } from "./testing/lab-process.ts";
import { compose, containerId, describeOnDocker, docker, projectName, SERVER, stateOf } from "./testing/on-docker.ts";

/** With fields that the lab does not know: it has not to bring this up. */
const FILE = `services:
  web:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(SERVER)}]
    ports: ["127.0.0.1::8000"]
    stop_grace_period: 1s
    mem_limit: 256m
    volumes: ["/scratch"]
    environment: { ANSWER: as it was }
    x-lab:
      role: other
      probe: { http: / }
      protections: { environment: ANSWER, names: [caution] }
  side:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(SERVER)}]
    stop_grace_period: 1s
`;

const SCENARIO = `id: small
title: A small one
patterns: []
steadyState: [{ service: web, is: up }]
method:
  - { http: web, path: /before }
  - fault: { FAULT: web }
  - wait: { service: web, is: down }
expect:
  - { service: web, is: down }
`;

function broughtUpBySomeone(
  text = FILE,
  folder = temporaryFolder(),
  atEnd: (down: () => void) => void = onTestFinished,
) {
  const file = join(folder, "docker-compose.yml");
  writeFileSync(file, text);
  const project = projectName();
  compose(folder, project, "up", "-d");
  atEnd(() => void compose(folder, project, "down", "-v"));
  const scenario = (fault: string) => {
    const path = join(folder, `${fault}.yaml`);
    writeFileSync(path, SCENARIO.replace("FAULT", fault).replace("id: small", `id: small-${fault}`));
    return path;
  };
  /** What someone would notice: the very container, its data, its networks, its names, what else the project has. */
  const asFound = () => {
    const id = containerId(project, "web");
    const format =
      "{{.Id}} {{.Name}} {{.State.Status}} {{json .Config}} {{json .Mounts}} {{range .NetworkSettings.Networks}}{{.NetworkID}}{{end}}";
    const list = docker(
      "ps",
      "-a",
      "--filter",
      `label=com.docker.compose.project=${project}`,
      "--format",
      "{{.ID}} {{.Names}}",
    );
    return `${docker("inspect", "--format", format, ...id.split("\n"))}\n${list}`;
  };
  return { folder, file, project, scenario, asFound };
}

describeOnDocker("a project that someone else has brought up", () => {
  /** One for all tests after which it has to be as it was: each finds it as the first one did. */
  const folder = lastingFolder();
  let shared: ReturnType<typeof broughtUpBySomeone>;
  let before: string;
  beforeAll(() => {
    shared = broughtUpBySomeone(FILE, folder, () => {});
    docker("exec", containerId(shared.project, "web"), "sh", "-c", "echo mine > /scratch/file");
    before = shared.asFound();
  });
  afterAll(() => void compose(folder, shared.project, "down", "-v"));

  test.each(["stop", "pause", "disconnect"])(
    "is broken by its name alone (%s) and left as it was found",
    async (fault) => {
      const { project, scenario, asFound } = shared;
      const lab = new LabProcess();
      const { code, said } = await lab.run("run", scenario(fault), "--project", project);
      expect(said).toContain(`using project ${project} as it was found on unix:///var/run/docker.sock; it is left up`);
      expect(code, said).toBe(0);
      expect(asFound()).toBe(before);
      expect(docker("exec", containerId(project, "web"), "cat", "/scratch/file")).toBe("mine");
      // Nothing of it is this lab's: its own `down` has nothing to take down.
      expect((await lab.run("stack", "down")).said).toContain("no stack is up");
      expect(stateOf(project, "web")).toBe("running");
    },
  );

  test("has its own container again after a run with a protection off", async () => {
    const { project, scenario, asFound } = shared;
    const lab = new LabProcess();
    const path = scenario("restart").replace(/$/, "");
    writeFileSync(
      path,
      SCENARIO.replace(/method:[\s\S]*expect:/, "method:\n  - { wait: 3s }\nexpect:").replace("is: down", "is: up"),
    );
    const session = lab.start("run", path, "--project", project, "--without", "caution");
    await session.says(/wait for 3/);
    const [only] = containerId(project, "web")
      .split("\n")
      .filter((id) => docker("inspect", "--format", "{{.State.Running}}", id) === "true");
    expect(docker("exec", only ?? "", "printenv", "ANSWER")).toBe("caution");
    expect(docker("exec", only ?? "", "cat", "/scratch/file")).toBe("mine");
    expect(await session.ended, session.said()).toBe(0);
    expect(asFound()).toBe(before);
    expect(docker("exec", containerId(project, "web"), "cat", "/scratch/file")).toBe("mine");
  });

  test("is restored by the next start when the lab dies with a service stopped and a protection off", async () => {
    const { project, scenario, asFound } = broughtUpBySomeone();
    const before = asFound();
    const lab = new LabProcess();
    const path = scenario("stop");
    writeFileSync(
      path,
      SCENARIO.replace("FAULT", "stop").replace("- wait: { service: web, is: down }", "- { wait: 10m }"),
    );
    const session = lab.start("run", path, "--project", project, "--without", "caution");
    await session.says(/wait for 10 min/);
    docker("stop", containerId(project, "side"));
    await lab.cutPower();
    expect(asFound()).not.toBe(before);
    const { code, said } = await lab.run("run", scenario("pause"), "--project", project);
    expect(said).toContain("recovered: undid stop web, left by a lab that died: restored");
    expect(said).toContain("recovered: switched caution on again, left off by a lab that died");
    expect(code, said).toBe(0);
    expect(asFound()).toBe(before);
    // What someone else has stopped meanwhile is theirs.
    expect(stateOf(project, "side")).toBe("exited");
  });

  test("is not taken for the lab's own, and a half of one is refused", async () => {
    const { file, folder, project, scenario } = broughtUpBySomeone();
    const environment = { COMPOSE_PROJECT_NAME: project };
    const up = await new LabProcess(environment).run("stack", "up", "--driver", "docker", "--stack", file);
    expect(up.said).toMatch(/"mem_limit" is not supported by the lab.s own bring-up/);
    writeFileSync(join(folder, "plain.yml"), FILE.replace("    mem_limit: 256m\n", ""));
    const again = await new LabProcess(environment).run(
      "stack",
      "up",
      "--driver",
      "docker",
      "--stack",
      join(folder, "plain.yml"),
    );
    expect(again.said).toMatch(/is already up on this engine, and not by this lab/);
    expect(again.code).toBe(2);
    docker("stop", containerId(project, "web"));
    const half = await new LabProcess().run("run", scenario("stop"), "--project", project);
    expect(half.said).toMatch(/is only half up: web is exited/);
    const none = await new LabProcess().run("run", scenario("stop"), "--project", "no-such-project");
    expect(none.said).toMatch(new RegExp(`no compose project called "no-such-project" is up\\n.*${project}`));
  });

  test("with a profile that is off is up as a whole, without the profile's services and links", async () => {
    const audit = `  audit:
    image: node:24-slim
    profiles: [audit]
    x-lab: { role: other, probe: { http: / } }
  idle:
    image: node:24-slim
    scale: 0
    x-lab: { role: other, probe: { http: / } }
x-lab:
  links: [{ name: web->audit, listen: "0.0.0.0:1", upstream: "audit:1" }]
`;
    const { project, file, scenario, asFound } = broughtUpBySomeone(FILE + audit);
    const before = asFound();
    const { code, said } = await new LabProcess().run("run", scenario("pause"), "--project", project);
    expect(code, said).toBe(0);
    const planned = await new LabProcess().run("plan", scenario("stop"), "--project", project, "--stack", file);
    expect(planned.code, planned.said).toBe(0);
    expect(asFound()).toBe(before);
  });

  test("with one of two containers of a service stopped is refused, naming it", async () => {
    const { folder, project, scenario } = broughtUpBySomeone();
    compose(folder, project, "up", "-d", "--scale", "web=2");
    const [, second = ""] = containerId(project, "web").split("\n");
    for (const id of containerId(project, "web").split("\n")) {
      docker("start", second);
      docker("stop", id);
      const name = docker("inspect", "--format", "{{.Name}}", id).slice(1);
      const { code, said } = await new LabProcess().run("run", scenario("pause"), "--project", project);
      expect(said).toContain(`is only half up: ${name}, one of 2 containers of web, is exited`);
      expect(code).toBe(2);
      docker("start", id);
    }
  });

  test("whose compose file is gone is run on by what the engine says, which is reported with the option that names the file", async () => {
    const { folder, file, project, scenario, asFound } = shared;
    const moved = join(folder, "moved.yml");
    renameSync(file, moved);
    onTestFinished(() => renameSync(moved, file));
    const path = scenario("pause");
    const without = await new LabProcess().run("run", path, "--project", project);
    expect(without.said).toMatch(/docker-compose\.yml, from which \S+ was brought up, does not exist: .*--stack FILE/);
    expect(without.code, without.said).toBe(0);
    const { code, said } = await new LabProcess().run("run", path, "--project", project, "--stack", moved);
    expect(said).not.toContain("does not exist");
    expect(code, said).toBe(0);
    expect(asFound()).toBe(before);
  });

  test("with a service that publishes no port is probed at its own address, once its port is said", async () => {
    const hidden = FILE.replace(/ +ports: .*\n/, "");
    const { project, folder, scenario, asFound } = broughtUpBySomeone(hidden);
    const before = asFound();
    const lab = new LabProcess();
    const planned = await lab.run("plan", scenario("pause"), "--project", project);
    expect([planned.code, planned.said]).toEqual([2, expect.stringContaining("services.web.x-lab.port")]);
    const unknown = await lab.run("run", scenario("pause"), scenario("stop"), "--project", project);
    expect(unknown.said).toMatch(/PRECONDITION .*not known at which port web answers.*services\.web\.x-lab\.port/);
    expect(unknown.said).toContain("0/2 runs passed");
    expect((await lab.run("history", "list")).said.match(/ precondition /g)).toHaveLength(2);
    const overlay = `services: { web: { x-lab: { role: other, port: 8000, probe: { http: / } } } }\n`;
    writeFileSync(join(folder, "resilience-lab.yaml"), overlay);
    const { code, said } = await lab.run("run", scenario("pause"), "--project", project);
    expect(code, said).toBe(0);
    expect(asFound()).toBe(before);
  });

  test("keeps a fault of `break` until `restore`, also while a service is stopped, and is then as it was found", async () => {
    const { project, scenario, asFound } = shared;
    const lab = new LabProcess();
    const broken = await lab.run("break", "stop", "web", "--project", project);
    expect(broken.code, broken.said).toBe(0);
    expect(stateOf(project, "web")).toBe("exited");
    const refused = await lab.run("run", scenario("pause"), "--project", project);
    expect(refused.said).toMatch(/is only half up: web is exited\n.*--accept-existing/);
    const again = await lab.run("break", "kill", "web", "--project", project);
    expect(again.said).toMatch(/web was already stopped/);
    expect(stateOf(project, "web")).toBe("exited");
    const restored = await lab.run("restore");
    expect(restored.said).toContain("restored: stop web");
    expect(restored.code, restored.said).toBe(0);
    expect(asFound()).toBe(before);
  });

  test("is worked on by one lab at a time", async () => {
    const { project, scenario, asFound } = shared;
    const path = scenario("stop");
    writeFileSync(
      path,
      SCENARIO.replace("FAULT", "stop").replace("- wait: { service: web, is: down }", "- { wait: 10m }"),
    );
    const first = new LabProcess().start("run", path, "--project", project);
    await first.says(/wait for 10 min/);
    const second = await new LabProcess().run("run", scenario("pause"), "--project", project);
    expect(second.said).toMatch(/another lab is at work on project \S+: process \d+, attached to it/);
    first.interrupt();
    expect(await first.ended).toBe(130);
    expect(asFound()).toBe(before);
  });
});
