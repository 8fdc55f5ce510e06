import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LabProcess } from "../testing/lab-process.ts";
import { type LinkedProject, sharedProject, TWO_SERVICES } from "../testing/linked-project.ts";
import { describeOnDocker, docker } from "../testing/on-docker.ts";

const LINK = "caller->tools";

function scenarioOn(project: LinkedProject, method: readonly string[], expected = "[{ service: tools, is: up }]") {
  const file = join(project.folder, "scenario.yaml");
  const steps = method.map((step) => `  - ${step}\n`).join("");
  writeFileSync(
    file,
    `id: a-link\ntitle: A link\npatterns: []\nsteadyState: [{ service: caller, is: up }]\nmethod:\n${steps}expect: ${expected}\n`,
  );
  return file;
}

/** A run that has broken the link and waits. */
async function running(project: LinkedProject, lab: LabProcess) {
  const file = scenarioOn(project, [`fault: { http_status: ${LINK}, status: 503 }`, "wait: 10m"]);
  const session = lab.start("run", file, "--project", project.name);
  await session.says(/wait for 10 min/);
  expect(project.rules().join("\n")).toContain("LAB_");
  return session;
}

const becomes = (project: LinkedProject, before: string) =>
  expect.poll(() => project.state(), { interval: 200 }).toBe(before);

describeOnDocker("a link that a lab has broken", () => {
  const shared = sharedProject(TWO_SERVICES);

  test("is restored by the run itself, which names the link's effect and passes", async () => {
    const project = shared();
    const before = project.state();
    const calls = [`fault: { http_status: ${LINK}, status: 503 }`, "{ http: caller, path: /call }"];
    const file = scenarioOn(project, [...calls, ...calls.slice(1)], `[{ faultHit: { link: ${LINK} } }]`);
    const lab = new LabProcess();
    const planned = await lab.run("plan", file, "--project", project.name);
    expect(planned.said).toContain("caller->tools (port 8000 of tools, within caller's network namespace)");
    expect(planned.said).toContain("caller->tools can be broken");
    expect(planned.code, planned.said).toBe(0);
    expect(project.state()).toBe(before);
    const { code, said } = await lab.run("run", file, "--project", project.name);
    expect(said).toMatch(/hit .*caller->tools/);
    expect(said).toMatch(/undo +restored: caller->tools passes everything again/);
    expect(code, said).toBe(0);
    expect(project.state()).toBe(before);
  });

  test("heals within the watchdog's time when the lab is killed", async () => {
    const project = shared();
    const before = project.state();
    const lab = new LabProcess();
    (await running(project, lab)).kill();
    await lab.ended();
    expect(project.state()).toBe(before);
    const history = await lab.run("run", scenarioOn(project, ["wait: 1ms"]), "--project", project.name);
    expect(history.code, history.said).toBe(0);
  });

  test("heals by itself when lab and watchdog are killed, and the next start closes the fault", async () => {
    const project = shared();
    const before = project.state();
    const lab = new LabProcess();
    await running(project, lab);
    await lab.cutPower();
    await becomes(project, before);
    const { code, said } = await lab.run("run", scenarioOn(project, ["wait: 1ms"]), "--project", project.name);
    expect(said).toContain(`recovered: undid http_status ${LINK}, left by a lab that died: restored`);
    expect(code, said).toBe(0);
    expect(project.state()).toBe(before);
  });

  test("is restored by the next start when lab, watchdog and sidecar were killed", async () => {
    const project = shared();
    const before = project.state();
    const lab = new LabProcess();
    await running(project, lab);
    const [sidecar = ""] = project.sidecars();
    lab.freeze();
    docker("kill", sidecar);
    await lab.cutPower();
    expect(project.rules().join("\n")).toContain("LAB_");
    const { code, said } = await lab.run("run", scenarioOn(project, ["wait: 1ms"]), "--project", project.name);
    expect(said).toContain(`recovered: undid http_status ${LINK}, left by a lab that died: restored`);
    expect(code, said).toBe(0);
    expect(project.state()).toBe(before);
  });

  test("is opened by a halt while lab and watchdog hang", async () => {
    const project = shared();
    const before = project.state();
    const lab = new LabProcess();
    await running(project, lab);
    lab.freeze();
    const { code, said } = await lab.run("halt");
    expect(said).toContain(LINK);
    expect(code, said).toBe(0);
    expect(project.state()).toBe(before);
  });

  test("stays broken after `break` until `restore`, also with a second fault, and expires by itself", async () => {
    const project = shared();
    const before = project.state();
    const lab = new LabProcess();
    const slow = await lab.run("break", "latency", LINK, "by=10ms", "--project", project.name);
    expect(slow.code, slow.said).toBe(0);
    const failing = await lab.run("break", "http_status", LINK, "status=503", "--project", project.name);
    expect(failing.code, failing.said).toBe(0);
    await project.call();
    expect(await project.call()).toMatchObject({ status: 503 });
    expect(project.sidecars()).toHaveLength(1);
    const restored = await lab.run("restore");
    expect(restored.said).toContain(`restored: latency ${LINK}`);
    expect(restored.said).toContain(`restored: http_status ${LINK}`);
    expect(restored.code, restored.said).toBe(0);
    expect(project.state()).toBe(before);
    const brief = await lab.run("break", "down", LINK, "--for", "2s", "--project", project.name);
    expect(brief.code, brief.said).toBe(0);
    await lab.ended();
    expect(project.state()).toBe(before);
  });
});
