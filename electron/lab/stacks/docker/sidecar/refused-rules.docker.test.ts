import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LabProcess } from "../testing/lab-process.ts";
import { sharedProject, TWO_SERVICES } from "../testing/linked-project.ts";
import { describeOnDocker, docker } from "../testing/on-docker.ts";
import { engineWithoutNetAdmin } from "../testing/refusing-engine.ts";

const LINK = "caller->tools";
const SCENARIO = {
  id: "refused",
  title: "Refused",
  patterns: [],
  steadyState: [{ service: "caller", is: "up" }],
  method: [{ fault: { http_status: LINK, status: 503 } }, { http: "caller", path: "/call" }],
  expect: [{ faultHit: { link: LINK } }],
};

describeOnDocker("an engine that grants no container NET_ADMIN", () => {
  const shared = sharedProject(TWO_SERVICES);

  test("has a link broken by its caller's hosts file, which plan and run say, and nothing of it is left", async () => {
    const project = shared();
    const hosts = () => docker("exec", project.container("caller"), "cat", "/etc/hosts");
    const [before, found] = [project.state(), hosts()];
    const file = join(project.folder, "scenario.yaml");
    writeFileSync(file, JSON.stringify(SCENARIO));
    const lab = new LabProcess({ DOCKER_HOST: await engineWithoutNetAdmin() });
    const way = /by caller's hosts file, which misses connections.*, since packet rules are refused: .*/;
    const planned = await lab.run("plan", file, "--project", project.name);
    expect(planned.said).toMatch(way);
    expect(planned.code, planned.said).toBe(0);
    const { code, said } = await lab.run("run", file, "--project", project.name);
    expect(said).toMatch(new RegExp(`warning +http_status ${LINK} is in force ${way.source}`));
    expect(said).toMatch(/hit .*caller->tools/);
    expect(code, said).toBe(0);
    expect(hosts()).toBe(found);
    expect(project.state()).toBe(before);

    // Lab, watchdog and sidecar are killed: only the journal knows, and not by which way.
    writeFileSync(file, JSON.stringify({ ...SCENARIO, method: [...SCENARIO.method, { wait: "10m" }] }));
    const session = lab.start("run", file, "--project", project.name);
    await session.says(/wait for 10 min/);
    lab.freeze();
    docker("kill", docker("ps", "-q", "--filter", `label=resilience-lab.project=${project.name}`));
    await lab.cutPower();
    expect(hosts()).not.toBe(found);
    const halted = await lab.run("halt");
    expect(halted.code, halted.said).toBe(0);
    expect(hosts()).toBe(found);
    expect(project.state()).toBe(before);
  });
});
