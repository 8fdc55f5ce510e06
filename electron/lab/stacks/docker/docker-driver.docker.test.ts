import { randomUUID } from "node:crypto";
import { expect, onTestFinished, test } from "vitest";
import type { LifecycleFault } from "../../../model/lifecycle-fault.ts";
import { FAULT_KINDS } from "../../faults/catalogue.ts";
import { undoFault } from "../../faults/undo.ts";
import type { JournaledFault } from "../../journal/fault-journal.ts";
import { openDriver } from "../open-driver.ts";
import type { RunningStack } from "../running-stack.ts";
import {
  containerId,
  describeOnDocker,
  docker,
  newRegister,
  ownSubnet,
  serverService,
  stackOf,
  stateOf,
  upOnDocker,
} from "./testing/on-docker.ts";

const never = new AbortController().signal;

/** Breaks a service as a run does, from the state it is in. */
async function breakIt(running: RunningStack, kind: LifecycleFault, target: string): Promise<JournaledFault> {
  const state = await running.driver.stateOf(target);
  if (state.is !== "running") throw new Error(`${target} is ${state.is}`);
  const { identity } = state;
  const before = await running.driver.surroundings?.observe(
    target,
    kind,
    identity.kind === "container" ? [identity.id] : [],
    [],
  );
  const times = { intendedWallMs: Date.now(), expiresWallMs: Date.now() + 60_000 };
  const stackId = running.registered.id;
  const fault = {
    id: randomUUID(),
    runId: "r",
    stackId,
    kind,
    target,
    identity,
    undo: FAULT_KINDS[kind].undo,
    ...(before === undefined ? {} : { before }),
    ...times,
  };
  await FAULT_KINDS[kind].apply(running.driver, target);
  return fault;
}

const undo = (running: RunningStack, fault: JournaledFault) =>
  undoFault(
    fault,
    { driver: running.driver, waitUntilUp: (name, signal, accepts) => running.health.waitUntil(name, accepts, signal) },
    never,
  );

describeOnDocker("the Docker driver", (engine) => {
  test.each([
    ["stop", "exited", /the container exited with code 0/],
    ["kill", "exited", /the container exited with code 137/],
    ["pause", "paused", /the container is paused/],
  ] as const)("%s and its undo, as docker and the health both see it", async (kind, state, reason) => {
    const stack = stackOf(serverService("web"));
    const running = await upOnDocker(engine, stack);
    const fault = await breakIt(running, kind, "web");
    expect(stateOf(stack.project, "web")).toBe(state);
    await running.health.waitFor("web", "down", never);
    expect(running.health.health("web").reason).toMatch(reason);
    // What is so already is no error.
    await FAULT_KINDS[kind].apply(running.driver, "web");
    expect(await undo(running, fault)).toEqual({ result: "restored", detail: "web is running and up" });
    expect(stateOf(stack.project, "web")).toBe("running");
    expect((await undo(running, fault)).result).not.toBe("not restored");
  });

  test("a restart is another instance of the same container", async () => {
    const stack = stackOf(serverService("web"));
    const running = await upOnDocker(engine, stack);
    const before = await running.driver.stateOf("web");
    const fault = await breakIt(running, "restart", "web");
    expect(await undo(running, fault)).toMatchObject({ result: "restored" });
    const after = await running.driver.stateOf("web");
    expect(before).toMatchObject({ identity: { id: containerId(stack.project, "web") } });
    expect(after).not.toEqual(before);
  });

  test("a disconnected service has its names, its address and its published port again", async () => {
    const subnet = ownSubnet();
    const networks = `    networks:
      front: { aliases: [shop, store], ipv4_address: ${subnet}.9 }
      back:
`;
    const declared = `networks:\n  front: { ipam: { config: [{ subnet: ${subnet}.0/24 }] } }\n  back: {}\n`;
    const stack = stackOf(serverService("web", networks), declared);
    const running = await upOnDocker(engine, stack);
    const id = containerId(stack.project, "web");
    const seen = () => {
      const all = JSON.parse(docker("inspect", "--format", "{{json .NetworkSettings.Networks}}", id)) as Record<
        string,
        { Aliases: string[]; IPAMConfig: unknown }
      >;
      return Object.entries(all)
        .map(([name, { Aliases, IPAMConfig }]) => ({
          name,
          aliases: [...Aliases].sort(),
          IPAMConfig: IPAMConfig ?? {},
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    };
    const before = seen();
    expect(before.flatMap(({ aliases }) => aliases)).toEqual(expect.arrayContaining(["shop", "store", "web"]));
    const fault = await breakIt(running, "disconnect", "web");
    expect(seen()).toEqual([]);
    expect(await running.driver.stateOf("web")).toMatchObject({ is: "running", isIsolated: true });
    await running.health.waitFor("web", "down", never);
    // A request that was under way may have been the first to fail.
    await expect.poll(() => running.health.health("web").reason).toBe("the container is cut off from every network");
    expect(await undo(running, fault)).toEqual({ result: "restored", detail: "web is running and up" });
    expect(seen()).toEqual(before);
    expect(stateOf(stack.project, "web")).toBe("running");
  });

  test("another process undoes a disconnect from the journal alone", async () => {
    const stack = stackOf(serverService("web"));
    const registry = newRegister();
    const running = await upOnDocker(engine, stack, registry);
    const fault = await breakIt(running, "disconnect", "web");
    await running.close();
    const [registered] = registry.register.list();
    if (registered === undefined) throw new Error("nothing is registered");
    const driver = await openDriver(registered, registry.register);
    const undone = await undoFault(fault, { driver, waitUntilUp: async () => {} }, never);
    expect(undone).toMatchObject({ result: "restored" });
    expect(docker("exec", containerId(stack.project, "web"), "getent", "hosts", "web")).toMatch(/web/);
  });

  test.each([
    ["removed", (id: string) => docker("rm", "-f", id), "stop", /removed by someone else/],
    ["started again", (id: string) => docker("start", id), "stop", /already started again/],
    [
      "started and stopped again",
      (id: string) => docker("start", id) && docker("kill", id),
      "stop",
      /started and stopped by someone else/,
    ],
    ["paused", (id: string) => docker("start", id) && docker("pause", id), "kill", /found paused/],
    ["killed", (id: string) => docker("kill", id), "pause", /no longer the one that was paused; it is left stopped/],
  ] as const)(
    "a container that someone else has %s meanwhile is left so, and said",
    async (_what, change, kind, said) => {
      const stack = stackOf(serverService("web"));
      const running = await upOnDocker(engine, stack);
      const fault = await breakIt(running, kind, "web");
      const id = containerId(stack.project, "web");
      change(id);
      const state = containerId(stack.project, "web") === "" ? "gone" : stateOf(stack.project, "web");
      const undone = await undo(running, fault);
      expect(undone).toMatchObject({ result: "changed by someone else", detail: expect.stringMatching(said) });
      expect(containerId(stack.project, "web") === "" ? "gone" : stateOf(stack.project, "web")).toBe(state);
    },
  );

  test("a container that someone else has recreated is not touched", async () => {
    const stack = stackOf(serverService("web"));
    const running = await upOnDocker(engine, stack);
    const fault = await breakIt(running, "stop", "web");
    const old = containerId(stack.project, "web");
    docker("rename", old, `${stack.project}-old`);
    const labels = ["project", "service", "oneoff"].map((label) => {
      const value = { project: stack.project, service: "web", oneoff: "False" }[label];
      return `--label=com.docker.compose.${label}=${value}`;
    });
    docker("rm", "-f", old);
    docker("create", ...labels, "--name", `${stack.project}-web-1`, "node:24-slim", "node");
    expect(await undo(running, fault)).toEqual({
      result: "changed by someone else",
      detail: "web was recreated by someone else; it is left stopped",
    });
    expect(stateOf(stack.project, "web")).toBe("created");
  });

  test("a container of another project is never touched, whatever its name", async () => {
    const stack = stackOf(serverService("web"));
    const running = await upOnDocker(engine, stack);
    docker("rm", "-f", containerId(stack.project, "web"));
    const name = `${stack.project}-web-1`;
    const stranger = docker("run", "-d", "--name", name, "node:24-slim", "node", "-e", "setTimeout(() => {}, 1e8)");
    onTestFinished(() => void docker("rm", "-f", stranger));
    await expect(running.driver.kill("web")).rejects.toThrow(/web has no container in project/);
    expect(docker("inspect", "--format", "{{.State.Status}}", stranger)).toBe("running");
  });
});
