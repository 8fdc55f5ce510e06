import { createServer } from "node:net";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { freePort } from "../../../resources/stack/http/testing/free-port.ts";
import { writeSmallStack } from "../../testing/small-stack.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { openJournal } from "../journal/journal.ts";
import { type RegisteredStack, StackRegister } from "../journal/stack-register.ts";
import { LabError } from "../lab-error.ts";
import type { Engine } from "./docker/engine.ts";
import { REFERENCE_STACK_FILE } from "./reference-stack.ts";
import { driverOf, ON_REFERENCE_STACK, type RunTarget, targetOfRegistered } from "./run-target.ts";
import { RunningStack, type UpOptions } from "./running-stack.ts";
import { Stacks } from "./stacks.ts";

afterEach(() => vi.restoreAllMocks());

const { signal } = new AbortController();
const ENDED = new LabError("unhealthy", "web ended while it was starting");
const ADDRESS = { host: "unix:///elsewhere.sock", namedBy: "DOCKER_HOST" };

/** Stacks of a data folder of its own, with the file of a small stack; nothing of it is up. */
function smallStacks() {
  const folder = temporaryFolder();
  const file = writeSmallStack(folder);
  const journal = openJournal(join(folder, "journal.db"));
  onTestFinished(() => journal.close());
  const register = new StackRegister(journal);
  const environment = { RESILIENCE_LAB_HOME: folder };
  const parts = { register, faults: new FaultJournal(journal), stacksFolder: join(folder, "stacks"), environment };
  const target: RunTarget = { ...ON_REFERENCE_STACK, source: { is: "compose file", file } };
  return { stacks: new Stacks(parts), register, target, file };
}

function registeredAs(file: string, docker: RegisteredStack["docker"]): RegisteredStack {
  return { id: "small-1", project: "small", file, kept: true, attached: false, docker, ports: {}, without: [] };
}

/** A bring-up that fails on the ports of the file, after `meanwhile`, and does well on free ones. */
function failOnFixedPorts(meanwhile: () => Promise<unknown>, error = ENDED): string[] {
  const asked: string[] = [];
  vi.spyOn(RunningStack, "up").mockImplementation(async (_stack, { ports }: UpOptions) => {
    asked.push(ports);
    if (ports === "auto") return { registered: { without: [] }, atEnd: () => {} } as unknown as RunningStack;
    await meanwhile();
    throw error;
  });
  return asked;
}

/** Resolves to a port of its own, 0 for any. */
function listen(port: number): Promise<number> {
  const server = createServer();
  onTestFinished(() => void server.close());
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
  });
}

/** The target with one service on this port. */
async function resolvedOn(hostPort: number) {
  const { stacks, target } = smallStacks();
  const resolved = await stacks.resolve({ ...target, ports: "fixed or auto" });
  const [first, ...more] = resolved.stack.services;
  if (first?.port === undefined) throw new Error("the small stack publishes no port");
  const services = [{ ...first, port: { ...first.port, hostPort } }, ...more];
  return { stacks, resolved: { ...resolved, stack: { ...resolved.stack, services } } };
}

test("a stack whose port another takes while it starts comes up on free ones", async () => {
  const port = await freePort();
  const asked = failOnFixedPorts(() => listen(port));
  const { stacks, resolved } = await resolvedOn(port);
  await expect(stacks.open(resolved, { signal })).resolves.toMatchObject({ openedAs: "brought up" });
  expect(asked).toEqual(["fixed", "auto"]);
});

test.each([
  "server: cannot listen on 127.0.0.1:18421: the port is taken by another program. Stop that program",
  'LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
  "Error: listen EADDRINUSE: address already in use 127.0.0.1:8000",
])("so does one whose port is free again by the time it has ended: %s", async (lastLine) => {
  const error = new LabError("unhealthy", `web ended while it was starting; its last lines:\n    ${lastLine}`);
  const asked = failOnFixedPorts(async () => {}, error);
  const { stacks, resolved } = await resolvedOn(await freePort());
  await expect(stacks.open(resolved, { signal })).resolves.toMatchObject({ openedAs: "brought up" });
  expect(asked).toEqual(["fixed", "auto"]);
});

test("one that ends for another reason is not tried again", async () => {
  const asked = failOnFixedPorts(async () => {});
  const { stacks, resolved } = await resolvedOn(await freePort());
  await expect(stacks.open(resolved, { signal })).rejects.toThrow(ENDED);
  expect(asked).toEqual(["fixed"]);
});

test("one that is only to be attached to, and is not up, is not brought up", async () => {
  const asked = failOnFixedPorts(async () => {});
  const { stacks, target } = smallStacks();
  const resolved = await stacks.resolve({ ...target, start: "attach" });
  await expect(stacks.open(resolved, { signal })).rejects.toMatchObject({
    code: "precondition",
    message: "small is not up",
  });
  expect(asked).toEqual([]);
});

test("the stack that is up is used, whatever runs it, and stays up when it is released", async () => {
  const { stacks, register, target, file } = smallStacks();
  register.add(registeredAs(file, { engine: ADDRESS, networks: [], volumes: [] }));
  const news: string[] = [];
  const open = await stacks.open(await stacks.resolve(target), { signal, listen: (each) => news.push(each.is) });
  expect(open).toMatchObject({ openedAs: "kept", running: { driver: { kind: "docker" } } });
  await open.release();
  expect(news).toEqual(["open"]);
  expect(register.list()).toHaveLength(1);
});

test("of two that are left up the one that is asked for is used and taken down, and else all", async () => {
  const { stacks, register, target, file } = smallStacks();
  const docker = { engine: ADDRESS, networks: [], volumes: [] };
  register.add({ ...registeredAs("/there/compose.yaml", docker), id: "theirs-1", project: "theirs" });
  register.add(registeredAs(file, docker));
  expect(stacks.projectsLeftUp().sort()).toEqual(["small", "theirs"]);
  const onDocker = { driver: "docker", engine: { by: "address", address: ADDRESS } } as const;
  const { stack } = await stacks.resolve(target);
  const asked: RunTarget = { ...target, ...onDocker, source: { is: "compose file", file } };
  const open = await stacks.open({ target: asked, stack, engine: undefined, notes: [] }, { signal });
  expect(open.running.registered.project).toBe("small");
  await open.release();
  register.remove("small-1");
  register.add(registeredAs(file, undefined));
  const resolved = await stacks.resolve(target);
  expect(await stacks.down({}, resolved)).toBe(true);
  expect(stacks.projectsLeftUp()).toEqual(["theirs"]);
  expect(await stacks.down({}, resolved)).toBe(false);
  register.remove("theirs-1");
  register.add(registeredAs(file, undefined));
  register.add({ ...registeredAs(file, undefined), id: "small-2" });
  expect(await stacks.down({})).toBe(true);
  expect(stacks.projectsLeftUp()).toEqual([]);
});

test("one that is up by another driver than the one asked for is in the way", async () => {
  const { stacks, register, target, file } = smallStacks();
  register.add(registeredAs(file, { engine: ADDRESS, networks: [], volumes: [] }));
  const asked = await stacks.resolve({ ...target, source: { is: "compose file", file }, driver: "process" });
  await expect(stacks.open(asked, { signal })).rejects.toThrow(/another stack is up: .*, by the docker driver/);
});

test("a process stack that is left up is no obstacle to a project that someone else has up", async () => {
  const { stacks, register, target, file } = smallStacks();
  register.add(registeredAs(file, undefined));
  const { stack } = await stacks.resolve(target);
  const docker = { listContainers: async () => [] } as unknown as Engine["docker"];
  const engine: Engine = { docker, address: ADDRESS, version: "20.10", notes: [] };
  const theirs: RunTarget = {
    ...ON_REFERENCE_STACK,
    source: { is: "project", project: "theirs" },
    driver: "docker",
    engine: { by: "address", address: ADDRESS },
    start: "attach",
  };
  const asked = { target: theirs, stack: { ...stack, project: "theirs" }, engine, notes: [] };
  await expect(stacks.open(asked, { signal })).rejects.toThrow("theirs is not up");
});

test("a protection that the stack does not know is refused before anything is started", async () => {
  const { stacks, target } = smallStacks();
  await expect(stacks.resolve({ ...target, without: ["gravity"] })).rejects.toMatchObject({
    code: "bad-input",
    message: "no service of this stack has a protection called gravity",
  });
});

test("a stack that is left up is described by the target that brings the same one up again", () => {
  const reference = targetOfRegistered(registeredAs(REFERENCE_STACK_FILE, undefined));
  expect(reference).toMatchObject({ source: { is: "reference", project: "small" }, driver: "process" });
  const other = targetOfRegistered(registeredAs("/there/compose.yaml", { engine: ADDRESS, networks: [], volumes: [] }));
  expect(other).toMatchObject({
    source: { is: "compose file", file: "/there/compose.yaml", project: "small" },
    engine: { by: "address", address: ADDRESS },
  });
  expect([reference, other].map(driverOf)).toEqual(["process", "docker"]);
});
