import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { lastingFolder } from "../../../testing/lasting-folder.ts";
import { PUBLIC_CALL, writePublicProject } from "../../../testing/public-project.ts";
import { LabProcess } from "./testing/lab-process.ts";
import { compose, containerId, describeOnDocker, docker, projectName, stateOf } from "./testing/on-docker.ts";

const SCENARIO = `id: ours
title: A server that is killed while the gateway is used
patterns: []
steadyState:
  - { service: tools, is: up }
  - { service: store, is: up }
  - ${PUBLIC_CALL}, is: ok, within: 60s }
method:
  - fault: { FAULT: TARGET }
  - wait: { service: TARGET, is: down }
  - ${PUBLIC_CALL}, is: ENDS }
expect:
  - { service: TARGET, is: down }
`;

describeOnDocker("a compose project with nothing in it for the lab", () => {
  const folder = lastingFolder();
  const project = projectName();
  beforeAll(async () => {
    writePublicProject(folder);
    compose(folder, project, "up", "-d");
    await gatewayIsUp();
  }, 120_000);
  afterAll(() => void compose(folder, project, "down", "-v"));

  const gatewayIsUp = () => {
    const gateway = docker("port", containerId(project, "mcp-gateway"), "9000/tcp");
    return vi.waitFor(() => fetch(`http://${gateway}/mcp`), { timeout: 240_000, interval: 100 });
  };

  /** What someone would notice of the project, but for times and what the engine chooses again at a start. */
  const asFound = () => {
    const format = "{{.Id}} {{.Name}} {{.State.Status}} {{json .Config}} {{json .HostConfig}} {{json .Mounts}}";
    const ids = docker("ps", "-aq", "--no-trunc", "--filter", `label=com.docker.compose.project=${project}`).split(
      "\n",
    );
    return docker("inspect", "--format", format, ...ids.sort());
  };
  const run = (lab: LabProcess, fault: string, target: string, ends: string) => {
    const file = join(folder, `${fault}-${target}.yaml`);
    writeFileSync(file, SCENARIO.replaceAll("FAULT", fault).replaceAll("TARGET", target).replace("ENDS", ends));
    return lab.run("run", file, "--project", project);
  };

  /** What `stacks describe` takes each service for. */
  const taken = async (lab: LabProcess) => {
    const { services } = parse((await lab.run("stacks", "describe", project)).said) as {
      services: Record<string, { "x-lab": object }>;
    };
    return Object.fromEntries(Object.entries(services).map(([name, service]) => [name, service["x-lab"]]));
  };

  test("is listed, and its services are taken for what they are", async () => {
    const lab = new LabProcess();
    const { said } = await lab.run("stacks", "list");
    expect(said).toMatch(/^reference +not up/m);
    expect(said).toMatch(
      new RegExp(`^${project} +5 of 6 services running +${join(folder, "docker-compose.yml")}$`, "m"),
    );
    // On a busy machine a server may take longer to answer than it is looked at: it is then taken for less than it is.
    await vi.waitFor(
      async () =>
        expect(await taken(lab)).toEqual({
          "mcp-gateway": { role: "gateway", probe: { mcp: "/mcp" }, endpoint: "/mcp", port: 9000 },
          tools: { role: "mcp-server", probe: { mcp: "/mcp" }, endpoint: "/mcp", port: 3001 },
          store: { role: "database", probe: { tcp: true }, port: 5432 },
          page: { role: "other", probe: { http: "/health" }, port: 8000 },
          worker: { role: "other", probe: { container: true } },
        }),
      { timeout: 240_000, interval: 1_000 },
    );
  });

  test("has a status of its own, and is not what `stack restore` is about", async () => {
    const before = asFound();
    const lab = new LabProcess();
    // Its gateway waits for the server, and is looked at for three seconds.
    const status = () => lab.run("stack", "status", "--project", project);
    const up = await vi.waitFor(
      async () => {
        const shown = await status();
        expect(shown.said).toMatch(/^tools +up +[\d.]+:3001 +answers an MCP/m);
        expect(shown.code).toBe(0);
        return shown;
      },
      { timeout: 240_000 },
    );
    expect(up.said).toMatch(/^worker +up +- +its container runs$/m);
    const refused = await lab.run("stack", "restore", "--project", project);
    expect(refused.said).toMatch(/takes no other\n.*docker compose -p/);
    expect(refused.code).toBe(2);
    docker("stop", containerId(project, "store"));
    const broken = await lab.run("stack", "status", "--project", project);
    docker("start", containerId(project, "store"));
    expect(broken.said).toMatch(/^store +down/m);
    expect(broken.code).toBe(1);
    expect(asFound()).toBe(before);
  });

  test.each([
    ["kill", "store", "ok"],
    ["pause", "page", "ok"],
    ["stop", "worker", "ok"],
    ["disconnect", "page", "ok"],
  ])("is broken (%s %s) while its gateway is called (%s), and is left as it was found", async (fault, target, ends) => {
    const before = asFound();
    const { code, said } = await run(new LabProcess(), fault, target, ends);
    expect(code, said).toBe(0);
    expect(said).toContain(`using project ${project} as it was found`);
    expect(asFound()).toBe(before);
  });

  test("is restored, but not green, after a fault that its gateway does not recover from", async () => {
    const { code, said } = await run(new LabProcess(), "kill", "tools", "error");
    expect(code, said).toBe(1);
    expect(said).toMatch(/RESIDUE.*after the rollback call tools__echo ended in tool_error.*expected ok/);
    docker("restart", "-t", "1", containerId(project, "mcp-gateway"));
    await gatewayIsUp();
  });

  test("has its links by the addresses in its environments and commands, and one is broken", async () => {
    const before = asFound();
    const file = join(folder, "slow-link.yaml");
    writeFileSync(
      file,
      `id: slow-link
title: The way to a server is slow
patterns: []
steadyState: [${PUBLIC_CALL}, is: ok, within: 60s }]
method:
  - fault: { latency: mcp-gateway->tools, by: 200ms }
  # Over a connection that was open before, which is reset.
  - ${PUBLIC_CALL} }
  - ${PUBLIC_CALL}, is: ok }
expect:
  - faultHit: { link: mcp-gateway->tools, tool: echo }
`,
    );
    const { code, said } = await new LabProcess().run("run", file, "--project", project);
    expect(code, said).toBe(0);
    expect(said).toMatch(/hit +mcp-gateway->tools echo: delayed/);
    expect(asFound()).toBe(before);
  });

  test("is restored by the next start when the lab and its watchdog die, although no file describes it", async () => {
    const before = asFound();
    const lab = new LabProcess();
    const file = join(folder, "dies.yaml");
    writeFileSync(
      file,
      SCENARIO.replaceAll("FAULT", "stop")
        .replaceAll("TARGET", "worker")
        .replace(/- wait: .*/, "- { wait: 10m }")
        .replace("ENDS", "ok"),
    );
    const session = lab.start("run", file, "--project", project);
    await session.says(/wait for 10 min/);
    await lab.cutPower();
    expect(stateOf(project, "worker")).toBe("exited");
    const { said } = await lab.run("run", join(folder, "pause-page.yaml"), "--project", project);
    expect(said).toContain("recovered: undid stop worker, left by a lab that died: restored");
    expect(asFound()).toBe(before);
  });

  test("is used as a file beside its own corrects it", async () => {
    const file = join(folder, "resilience-lab.yaml");
    writeFileSync(file, `services:\n  page:\n    x-lab: { role: agent, probe: { tcp: true }, port: 8000 }\n`);
    const { said } = await new LabProcess().run("stacks", "describe", project);
    const { services } = parse(said) as { services: Record<string, { "x-lab": object }> };
    expect(services.page?.["x-lab"]).toEqual({ role: "agent", probe: { tcp: true }, port: 8000 });
    expect(services.tools?.["x-lab"]).toMatchObject({ role: "mcp-server" });
    writeFileSync(file, `services:\n  page:\n    x-lab: { role: butler, probe: { tcp: true } }\n`);
    const wrong = await new LabProcess().run("run", join(folder, "pause-page.yaml"), "--project", project);
    expect(wrong.said).toMatch(/resilience-lab\.yaml:3:\d+: .*role/);
    expect(wrong.code).toBe(2);
    expect(containerId(project, "page")).not.toBe("");
  });
});
