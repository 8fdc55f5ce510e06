import { randomInt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publicProjects } from "../../../testing/public-projects.ts";
import { stackOfProject } from "./project-stack.ts";
import { LinkedProject } from "./testing/linked-project.ts";
import { describeOnDocker } from "./testing/on-docker.ts";
import { openLinked } from "./testing/open-linked.ts";

const signal = new AbortController().signal;
const projects = publicProjects(`10.${randomInt(100, 250)}.${randomInt(0, 250)}`);

/** What its own health check leaves in a container goes on, whatever is broken. */
const OF_HEALTH_CHECKS = ["Health", "ExecIDs"];
/** What an engine chooses for each instance of a container; all else must be as it was. */
const OF_INSTANCES = [
  ...OF_HEALTH_CHECKS,
  ...["StartedAt", "FinishedAt", "Pid", "SandboxID", "SandboxKey", "EndpointID", "HostPort"],
];

/** The state of a project as the engine and the kernel have it, but for those. */
function stateBut(but: readonly string[], project: LinkedProject): unknown {
  // Networks are text of their own.
  const { networks, ...rest } = JSON.parse(project.state()) as { networks: string[] };
  const whole = { ...rest, networks: networks.map((each) => JSON.parse(each) as unknown) };
  const text = JSON.stringify(whole, (key, value: unknown) => {
    if (but.includes(key)) return undefined;
    // The engine gives the names and the mounts of one container in any order.
    if (/^(?:Aliases|DNSNames|Mounts)$/.test(key) && Array.isArray(value))
      return value.map((each) => JSON.stringify(each)).sort();
    // The engine's own name server listens on other ports in each instance.
    return typeof value === "string" && value.includes("127.0.0.11")
      ? value.replaceAll(/(11:|--sport )\d+/g, "$1")
      : value;
  });
  return JSON.parse(text);
}

describeOnDocker("a public compose project with", (engine) => {
  describe.each(projects)("$name", ({ compose, files, up, roles, link, breaks }) => {
    let project: LinkedProject;
    beforeAll(() => {
      project = new LinkedProject(compose, up, () => {}, files);
    }, 180_000);
    afterAll(() => project?.down());

    test("is opened with the roles that its authors would give", async () => {
      // It answers once it has started.
      const taken = async () => {
        const { stack } = await stackOfProject(engine.docker, engine.address, project.name, undefined, process.env);
        return Object.fromEntries(stack.services.map(({ name, role }) => [name, role]));
      };
      await expect.poll(taken, { timeout: 60_000 }).toEqual(roles);
    });

    test(`has the link ${link.name} broken, to a server that publishes nothing, and nothing of it is left`, async () => {
      const before = stateBut(OF_HEALTH_CHECKS, project);
      const { injector, undone } = await openLinked(project);
      const [caller = ""] = link.name.split("->");
      const [healthy] = project.statuses(caller, [link.url]);
      await injector.apply({ http_status: link.name, status: 418 }, signal);
      expect(project.statuses(caller, [link.url])).toEqual([418]);
      await injector.undo("all", signal);
      expect(project.statuses(caller, [link.url])).toEqual([healthy]);
      expect(undone()).toMatchObject([{ result: "restored" }]);
      expect(stateBut(OF_HEALTH_CHECKS, project)).toEqual(before);
    });

    test(`has its service ${breaks.service} broken, with those that live in its network, and restored as it was`, async () => {
      const before = stateBut(OF_INSTANCES, project);
      const { injector, running, undone } = await openLinked(project);
      await running.health.waitFor(breaks.service, "up", signal);
      await injector.apply({ [breaks.kind]: breaks.service } as never, signal);
      await running.health.waitFor(breaks.service, "down", signal);
      await injector.undo("all", signal);
      expect(undone()).toMatchObject([{ result: "restored" }]);
      expect(stateBut(OF_INSTANCES, project)).toEqual(before);
    });
  });
});
