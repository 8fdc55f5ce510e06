import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { undoOpenFaults } from "../../faults/undo-open-faults.ts";
import { LabProcess } from "./testing/lab-process.ts";
import { LinkedProject, TWO_SERVICES } from "./testing/linked-project.ts";
import { describeOnDocker, docker } from "./testing/on-docker.ts";
import { openLinked } from "./testing/open-linked.ts";

const LINK = "caller->tools";
const signal = new AbortController().signal;

describeOnDocker("a service in two containers", () => {
  let project: LinkedProject;
  beforeAll(() => {
    project = new LinkedProject(TWO_SERVICES, ["--scale", "caller=2", "--scale", "tools=2"], () => {});
  });
  afterAll(() => project?.down());

  /** Name, state and start of each container, by name. */
  const seen = (service: string) =>
    project
      .container(service)
      .split("\n")
      .map((id) => docker("inspect", "--format", "{{.Name}} {{.State.Status}} {{.State.StartedAt}}", id).split(" "))
      .sort()
      .map(([name = "", state = "", startedAt = ""]) => ({ name: name.slice(1), state, startedAt }));
  const statesOf = (service: string) => seen(service).map(({ state }) => state);

  test.each([
    ["stop", "exited"],
    ["kill", "exited"],
    ["pause", "paused"],
  ] as const)("has all of them broken by %s, unless one is asked for, and exactly those restored", async (kind, is) => {
    const before = seen("tools");
    const [first, second] = before;
    const { injector, running, intended, undone } = await openLinked(project);
    const all = await injector.apply({ [kind]: "tools" } as never, signal);
    expect(all).toMatch(new RegExp(`\\(2 of 2 containers: ${first?.name}, ${second?.name}\\)$`));
    expect(statesOf("tools")).toEqual([is, is]);
    await running.health.waitFor("tools", "down", signal);
    expect(injector.inForce()[0]?.undo).toContain(`2 of 2 containers: ${first?.name}, ${second?.name}`);
    await injector.undo("tools", signal);
    expect(statesOf("tools")).toEqual(["running", "running"]);
    const between = seen("tools");
    const one = await injector.apply({ [kind]: "tools", replicas: "one" } as never, signal);
    expect(one).toMatch(new RegExp(`\\(1 of 2 containers: ${first?.name}\\)$`));
    expect(statesOf("tools")).toEqual([is, "running"]);
    await injector.undo("tools", signal);
    expect(undone().map(({ result }) => result)).toEqual(["restored", "restored"]);
    expect(intended().map(({ containers }) => containers)).toEqual([
      { targeted: 2, of: 2 },
      { targeted: 1, of: 2 },
    ]);
    expect(injector.flaws).toEqual([]);
    expect(statesOf("tools")).toEqual(["running", "running"]);
    expect(seen("tools")[1]).toEqual(between[1]);
  });

  test("is cut off and connected again as it was, container by container", async () => {
    const endpoints = () =>
      project
        .container("tools")
        .split("\n")
        .map((id) => docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{json .Aliases}}{{end}}", id))
        // The engine gives the names of one container in any order.
        .map((aliases) => aliases.split(/[",[\]]+/).sort())
        .sort();
    const before = endpoints();
    const { injector, undone } = await openLinked(project);
    await injector.apply({ disconnect: "tools" }, signal);
    expect(endpoints()).toEqual([[""], [""]]);
    await injector.undo("all", signal);
    expect(undone()).toMatchObject([{ result: "restored" }]);
    expect(endpoints()).toEqual(before);
  });

  test("is restored from the journal alone, but for what someone else has changed", async () => {
    const { injector, running, faults } = await openLinked(project);
    await injector.apply({ stop: "tools" }, signal);
    docker("start", seen("tools")[1]?.name ?? "");
    const started = seen("tools")[1];
    const parts = { register: { list: () => [running.registered] } as never, faults, environment: process.env };
    const [undone] = await undoOpenFaults(
      running.registered,
      { ...parts, stacksFolder: "/nonexistent" },
      "latest first",
      signal,
    );
    expect(undone).toMatchObject({
      result: "changed by someone else",
      detail: expect.stringMatching(/is running and up \(1 of 2 containers\).*already started again/),
    });
    expect(statesOf("tools")).toEqual(["running", "running"]);
    expect(seen("tools")[1]).toEqual(started);
  });

  test("has a link to its callee broken for each of them, and nothing of it is left", async () => {
    const before = project.state();
    const { injector, undone } = await openLinked(project);
    const callers = project.container("caller").split("\n");
    const program = 'fetch("http://tools:8000/").then((reply) => console.log(reply.status))';
    const answers = () => callers.map((id) => docker("exec", id, "node", "-e", program));
    await injector.apply({ http_status: LINK, status: 503 }, signal);
    expect(project.sidecars()).toHaveLength(2);
    expect(answers()).toEqual(["503", "503"]);
    await injector.undo("all", signal);
    expect(answers()).toEqual(["200", "200"]);
    expect(undone()).toMatchObject([{ result: "restored", hits: 2 }]);
    expect(project.state()).toBe(before);
  });

  test("is planned with the names of its containers", async () => {
    const file = join(project.folder, "plan.yaml");
    const [first, second] = seen("tools");
    const fault = (text: string) => `  - fault: { ${text} }\n`;
    const method = fault("stop: tools") + fault("kill: tools, replicas: one") + fault(`latency: ${LINK}, by: 1s`);
    writeFileSync(
      file,
      `id: a\ntitle: A\npatterns: []\nsteadyState: [{ service: tools, is: up }]\nmethod:\n${method}expect: [{ within: 1m }]\n`,
    );
    const { said, code } = await new LabProcess().run("plan", file, "--project", project.name);
    expect(code, said).toBe(0);
    expect(said).toContain(`touches tools, 2 of 2 containers: ${first?.name}, ${second?.name}`);
    expect(said).toContain(`touches tools, 1 of 2 containers: ${first?.name}`);
  });
});
