import { expect, test } from "vitest";
import { type Called, LinkedProject, sharedProject, TWO_SERVICES } from "../testing/linked-project.ts";
import { describeOnDocker, docker, ownSubnet } from "../testing/on-docker.ts";
import { openLinked } from "../testing/open-linked.ts";

const { signal } = new AbortController();
const LINK = "caller->tools";
const BROKEN = { http_status: LINK, status: 503 };

async function broken(project: LinkedProject) {
  const before = project.state();
  const lab = await openLinked(project);
  await lab.injector.apply(BROKEN, signal);
  const [sidecar = ""] = project.sidecars();
  const becomes = (expected: Partial<Called>) =>
    expect.poll(() => project.call().catch(() => undefined)).toMatchObject(expected);
  await becomes({ status: 503 });
  return { project, before, sidecar, becomes, ...lab };
}

const isGone = (id: string) => !docker("ps", "-aq", "--no-trunc").split("\n").includes(id);

describeOnDocker("a sidecar", () => {
  const shared = sharedProject(TWO_SERVICES);

  test("follows its caller into the namespace of its next start", async () => {
    const { project, sidecar, becomes, injector, undone } = await broken(shared());
    docker("restart", project.container("caller"));
    await becomes({ status: 503 });
    expect(await injector.undo("all", signal)).toEqual({ undone: 1, residue: [] });
    expect(undone()[0]?.hits).toBeGreaterThanOrEqual(2);
    await becomes({ status: 200 });
    expect(project.rules()).toEqual(expect.not.arrayContaining([expect.stringContaining("LAB_")]));
    expect(isGone(sidecar)).toBe(true);
    expect(project.sidecars()).toEqual([]);
  });

  test("follows its callee to another address", async () => {
    const subnet = ownSubnet();
    const network = `networks:\n  default:\n    ipam: { config: [{ subnet: ${subnet}.0/24 }] }\n`;
    const { project, becomes, injector } = await broken(new LinkedProject(TWO_SERVICES + network));
    const callee = project.container("tools");
    docker("network", "disconnect", `${project.name}_default`, callee);
    docker("network", "connect", "--alias", "tools", "--ip", `${subnet}.77`, `${project.name}_default`, callee);
    await becomes({ status: 503 });
    await injector.undo("all", signal);
    await becomes({ status: 200, text: expect.stringContaining(`${subnet}.77`) });
    expect(project.rules().join("\n")).not.toContain("LAB_");
  });

  test("that is killed leaves rules, which the undo removes, and the fault is known to have ended", async () => {
    const { project, before, sidecar, becomes, injector } = await broken(shared());
    docker("kill", sidecar);
    await becomes({ error: "ECONNREFUSED" });
    // As a run does until it is seen: the end of the control stream comes a moment later.
    const left = async () => {
      await injector.closeEnded();
      return injector.inForce();
    };
    await expect.poll(left).toEqual([]);
    expect(injector.flaws[0]).toMatch(
      /http_status caller->tools ended before its time.*the sidecar of caller->tools has ended/,
    );
    expect(project.state()).toBe(before);
    await becomes({ status: 200 });
  });

  test("whose proxy dies removes its rules by itself", async () => {
    const { project, before, sidecar, becomes } = await broken(shared());
    const kill = `for (const pid of fs.readdirSync("/proc").filter((name) => Number(name) && Number(name) !== process.pid))
      if (fs.readFileSync("/proc/" + pid + "/cmdline", "utf8").includes("fault-proxy.mjs")) process.kill(pid, "SIGKILL");`;
    // Its user may end it, and not the supervisor.
    docker("exec", "-u", "59417", sidecar, "node", "-e", kill);
    await becomes({ status: 200 });
    await expect.poll(() => isGone(sidecar)).toBe(true);
    expect(project.state()).toBe(before);
  });

  test("does not keep its project from being taken down", async () => {
    const { project, sidecar, injector } = await broken(new LinkedProject(TWO_SERVICES));
    project.down();
    await injector.undo("all", signal);
    expect(injector.inForce()).toEqual([]);
    expect(isGone(sidecar)).toBe(true);
  });

  test("that is told to stop by the engine removes its rules by itself", async () => {
    const { project, before, sidecar } = await broken(shared());
    docker("stop", sidecar);
    expect(project.rules().join("\n")).not.toContain("LAB_");
    await expect.poll(() => isGone(sidecar)).toBe(true);
    expect(project.state()).toBe(before);
  });

  test("does not keep its caller from being stopped, started and restored by other faults", async () => {
    const { project, becomes, injector } = await broken(shared());
    await injector.apply({ stop: "caller" }, signal);
    await injector.undo("caller", signal);
    await becomes({ status: 503 });
    expect(await injector.undo("all", signal)).toEqual({ undone: 1, residue: [] });
    expect(project.rules().join("\n")).not.toContain("LAB_");
    expect(project.sidecars()).toEqual([]);
  });
});
