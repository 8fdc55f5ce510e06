import { expect, test } from "vitest";
import { LinkedProject, TWO_SERVICES } from "../testing/linked-project.ts";
import { describeOnDocker } from "../testing/on-docker.ts";
import { openLinked } from "../testing/open-linked.ts";

const { signal } = new AbortController();

describeOnDocker("a link of a project that knows nothing of the lab", () => {
  test("is slow while it is broken, and nothing of the project differs afterwards", async () => {
    const project = new LinkedProject(TWO_SERVICES);
    const before = project.state();
    const { injector } = await openLinked(project);
    expect(await project.call()).toMatchObject({ status: 200 });
    await injector.apply({ latency: "caller->tools", by: 900 }, signal);
    // What was open before is reset, so that callers with pooled connections meet the fault, too.
    const slow = [await project.call(), await project.call()].at(-1);
    expect(slow).toMatchObject({ status: 200 });
    expect(slow?.ms).toBeGreaterThanOrEqual(900);
    const undone = await injector.undo("all", signal);
    expect(undone).toEqual({ undone: 1, residue: [] });
    expect(project.state()).toBe(before);
  });
});
