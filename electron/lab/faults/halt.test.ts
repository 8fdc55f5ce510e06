import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bringUpSmallStack, LINK } from "../../testing/small-stack.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { send } from "../../testing/through-link.ts";
import { openHome } from "../home.ts";
import { halt } from "./halt.ts";

test("a halt that cannot be recorded on a full disk restores everything and reports that it does not last", async () => {
  const folder = temporaryFolder();
  const stack = await bringUpSmallStack(folder);
  onTestFinished(() => stack.close());
  const { injector } = stack.injector();
  const never = new AbortController().signal;
  await injector.apply({ pause: "server" }, never);
  await injector.apply({ down: LINK }, never);
  const full = "BEFORE INSERT ON halt BEGIN SELECT raise(ABORT, 'database or disk is full'); END";
  stack.journal.database.exec(`CREATE TRIGGER full ${full}`);
  const { undone, problem } = await halt(openHome(folder), process.env, never);
  expect(undone.map(({ result }) => result)).toEqual(["restored", "restored"]);
  expect(problem).toMatch(/^faults can still be applied, .*disk is full$/);
  expect((await stack.running.driver.stateOf("server")).is).toBe("running");
  expect((await send(stack.linkUrl)).status).toBe(200);
  stack.journal.database.exec("DROP TRIGGER full");
  expect(await halt(openHome(folder), process.env, never)).toEqual({
    undone: [],
    problem: undefined,
    damage: [],
    unread: [],
  });
});

test("a stack that cannot be read is named, and other stacks are restored", async () => {
  const folder = temporaryFolder();
  const stack = await bringUpSmallStack(folder);
  onTestFinished(() => stack.close());
  const { injector } = stack.injector();
  const never = new AbortController().signal;
  await injector.apply({ stop: "server" }, never);
  const certificates = join(folder, "gone");
  const engine = { host: "tcp://127.0.0.1:1", namedBy: "DOCKER_HOST", certificates };
  const elsewhere = { ...stack.running.registered, id: "elsewhere", docker: { engine, networks: [], volumes: [] } };
  stack.register.add(elsewhere);
  const identity = { kind: "container", id: "c1", startedAt: "" } as const;
  const fault = {
    id: "f1",
    runId: "r1",
    stackId: "elsewhere",
    kind: "pause",
    target: "gateway",
    identity,
    undo: "resume",
  };
  stack.faults.intend({ ...fault, intendedWallMs: 0, expiresWallMs: 0 });
  const { undone, problem } = await halt(openHome(folder), process.env, never);
  expect(undone.map(({ fault: { target }, result }) => [target, result])).toEqual([
    ["server", "restored"],
    ["gateway", "not restored"],
  ]);
  expect(undone.find(({ fault: { target } }) => target === "gateway")?.detail).toContain(certificates);
  expect(problem).toBeUndefined();
  expect((await stack.running.driver.stateOf("server")).is).toBe("running");
  expect(stack.faults.open(stack.running.registered.id)).toEqual([]);
});

test("a halt that finds the journal damaged does not report that nothing was broken", async () => {
  const home = openHome(temporaryFolder());
  writeFileSync(home.journalFile, "no database, though as long as the header of one would be".repeat(100));
  const { undone, problem } = await halt(home, process.env, new AbortController().signal);
  expect(undone).toEqual([]);
  expect(problem).toMatch(/^the fault journal was damaged, so what was in force is not known; .*journal\.db\.corrupt-/);
});
