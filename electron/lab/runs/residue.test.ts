import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { onSmallLab } from "../../testing/small-lab.ts";
import { runOnSmallStack, type SmallRun } from "../../testing/small-run.ts";
import { LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send } from "../../testing/through-link.ts";
import { describeDamage, inspectDamage } from "../faults/existing-damage.ts";
import { restoreDamage } from "../faults/restore-damage.ts";
import type { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { LabError } from "../lab-error.ts";

let stack: SmallStack;
let history: SqliteRunStore;
onSmallLab((lab) => {
  ({ stack, history } = lab);
});
afterEach(async () => {
  await fetch(`${stack.proxyUrl}/reset`, { method: "POST" });
  expect((await send(stack.linkUrl)).status).toBe(200);
});

const never = new AbortController().signal;
const run = (scenario: SmallRun) => runOnSmallStack(stack, history, scenario);
const LINK_PATH = `/proxies/${encodeURIComponent(LINK)}`;
const TOXIC = { name: "slow", type: "latency", attributes: { latency: 1 } };
const post = (path: string, json: object) => ({ http: "fault-proxy", path, method: "POST", json });
const proxy = (method: string, path: string, body?: object) =>
  fetch(`${stack.proxyUrl}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const inspect = () => inspectDamage(stack.running, () => stack.faults.open(stack.running.registered.id));

describe("what remains on the stack after a run, not by a fault of its own", () => {
  test.each([
    ["a toxic", post(`${LINK_PATH}/toxics`, TOXIC), 'left on the stack: caller->server has a latency toxic, "slow"'],
    ["a closed link", post(LINK_PATH, { enabled: false }), "left on the stack: caller->server is closed"],
    [
      "a link more",
      post("/proxies", { name: "a->b", listen: "127.0.0.1:0", upstream: "127.0.0.1:9" }),
      "left on the stack: a->b is on the fault proxy and not in the stack file",
    ],
  ])("%s is residue, by its name and with the next step", async (_what, step, left) => {
    onTestFinished(() => void proxy("DELETE", "/proxies/a-%3Eb"));
    const { outcome, reason } = await run({ method: [step] });
    expect([outcome, reason]).toEqual(["residue", expect.stringContaining(left)]);
    expect(reason).toMatch(/restore it with .*stack restore/);
  });

  test("is unknown, and the run inconclusive, when the stack cannot be read", async () => {
    const { outcome, reason } = await run({
      method: [{ wait: "1ms" }],
      listen(event) {
        if (event.type !== "phase.started" || event.phase !== "rollback") return;
        vi.spyOn(stack.running.driver, "stateOf").mockRejectedValue(new LabError("unreachable", "the engine is away"));
        onTestFinished(() => void vi.restoreAllMocks());
      },
    });
    expect(outcome).toBe("inconclusive");
    expect(reason).toMatch(/could not be read: .*the state of server: the engine is away/);
  });
});

describe("a stack that is broken before a run", () => {
  test.each<[string, () => Promise<unknown>, () => Promise<unknown>, string]>([
    [
      "by a toxic",
      () => proxy("POST", `${LINK_PATH}/toxics`, TOXIC),
      () => proxy("POST", "/reset"),
      'caller->server has a latency toxic, "slow"',
    ],
    [
      "by a closed link",
      () => proxy("POST", LINK_PATH, { enabled: false }),
      () => proxy("POST", "/reset"),
      "caller->server is closed",
    ],
    [
      "by a paused service",
      () => stack.running.driver.pause("caller"),
      () => stack.running.driver.resume("caller"),
      "caller is paused",
    ],
    [
      "by a stopped service",
      () => stack.running.driver.kill("caller"),
      () => stack.running.startAndWait("caller", never),
      "caller is stopped",
    ],
  ])("%s is refused by name, or accepted by name, and the run then passes", async (_what, damage, restore, name) => {
    await damage();
    try {
      const refused = await run({ method: [{ fault: { pause: "server" } }] });
      expect([refused.outcome, refused.view.faults]).toEqual(["precondition", []]);
      expect(refused.reason).toContain(`the stack was broken before this run: ${name}; restore it with`);
      expect(refused.reason).toContain("--accept-existing");
      const accepted = await run({ method: [{ fault: { pause: "server" } }], acceptExisting: true });
      expect([accepted.outcome, accepted.reason]).toEqual(["passed", expect.any(String)]);
      expect(accepted.warnings).toMatchObject([
        { code: "accepted-existing", message: `accepted as it was found: ${name}` },
      ]);
    } finally {
      await restore();
    }
    expect((await run({ method: [{ wait: "1ms" }] })).outcome).toBe("passed");
  });

  test("by a fault of a manual session is refused by the fault's name, and passes once that is undone", async () => {
    const { injector } = stack.injector();
    await injector.apply({ pause: "server" }, never);
    const { outcome, reason } = await run({ method: [{ wait: "1ms" }] });
    expect(outcome).toBe("precondition");
    expect(reason).toMatch(/broken before this run: pause server is in force, of another run or applied manually; /);
    expect(reason).not.toContain("server is paused");
    await injector.undo("all", never);
    expect((await run({ method: [{ wait: "1ms" }] })).outcome).toBe("passed");
  });

  test("that cannot be read is refused, even where damage would be accepted", async () => {
    vi.spyOn(stack.running.driver, "stateOf").mockRejectedValue(new LabError("unreachable", "the engine is away"));
    onTestFinished(() => void vi.restoreAllMocks());
    const { outcome, reason, view } = await run({ method: [{ fault: { pause: "server" } }], acceptExisting: true });
    expect([outcome, view.faults]).toEqual(["precondition", []]);
    expect(reason).toMatch(/could not be read before anything was broken: the state of server: the engine is away/);
  });

  test("with a service that is killed while it is paused by someone else: it is paused again after the run", async () => {
    await stack.running.driver.pause("caller");
    const { outcome, view } = await run({ method: [{ fault: { kill: "caller" } }], acceptExisting: true });
    expect(view.faults).toMatchObject([
      { status: "restored", attributes: { detail: "caller is paused, as it was before" } },
    ]);
    expect(outcome).toBe("passed");
    expect((await stack.running.driver.stateOf("caller")).is).toBe("paused");
    await stack.running.driver.resume("caller");
  });
});

describe("a link that someone deletes", () => {
  test("keeps the run from passing, and later ones are refused with the next step until it is restored", async () => {
    const { outcome, reason } = await run({
      method: [
        { fault: { http_status: LINK, status: 503 } },
        { http: "fault-proxy", path: LINK_PATH, method: "DELETE" },
      ],
    });
    expect(outcome).toBe("residue");
    expect(reason).toMatch(/caller->server is missing on the fault proxy; restore it with/);
    expect(stack.faults.open(stack.running.registered.id)).toEqual([]);
    const next = await run({ method: [{ wait: "1ms" }] });
    expect([next.outcome, next.reason]).toEqual(["precondition", expect.stringContaining("is missing on the")]);
    const { damage } = await inspect();
    expect(await restoreDamage(damage, stack.running, AbortSignal.timeout(20_000))).toEqual([
      { what: "caller->server is missing on the fault proxy" },
    ]);
    expect((await run({ method: [{ wait: "1ms" }] })).outcome).toBe("passed");
  });
});

test("restoring repairs all damage, whatever caused it", async () => {
  await proxy("POST", `${LINK_PATH}/toxics`, TOXIC);
  await proxy("POST", LINK_PATH, { enabled: false });
  await stack.running.driver.pause("server");
  await stack.running.driver.kill("caller");
  const { damage, unread } = await inspect();
  expect(damage.map(describeDamage).sort()).toEqual([
    "caller is stopped",
    'caller->server has a latency toxic, "slow"',
    "caller->server is closed",
    "server is paused",
  ]);
  expect(unread).toEqual([]);
  const restored = await restoreDamage(damage, stack.running, AbortSignal.timeout(20_000));
  expect(restored.map(({ problem }) => problem)).toEqual([undefined, undefined, undefined, undefined]);
  expect((await inspect()).damage).toEqual([]);
  expect((await send(stack.linkUrl)).status).toBe(200);
});
