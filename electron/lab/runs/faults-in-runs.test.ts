import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import type { LabEvent } from "../../model/lab-event.ts";
import { onSmallLab } from "../../testing/small-lab.ts";
import { runOnSmallStack, type SmallRun, UNTIL_TOLD } from "../../testing/small-run.ts";
import { LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send } from "../../testing/through-link.ts";
import type { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";

let stack: SmallStack;
let history: SqliteRunStore;
onSmallLab((lab) => {
  ({ stack, history } = lab);
});
afterEach(async () => {
  expect(stack.faults.open(stack.running.registered.id)).toEqual([]);
  expect((await send(stack.linkUrl)).status).toBe(200);
});

const run = (scenario: SmallRun) => runOnSmallStack(stack, history, scenario);

/** Signals a service from outside of the lab. */
function pidOf(service: string): number {
  const { id } = stack.running.registered;
  const pid = stack.register.processes(id).find((each) => each.service === service)?.identity?.pid;
  if (pid === undefined) throw new Error(`${service} does not run`);
  return pid;
}
const isDead = (pid: number) => {
  try {
    return letterOf(pid) === "Z"; // a zombie
  } catch {
    return true;
  }
};
const letterOf = (pid: number) => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1];
const proxy = (method: string, path: string, body?: object) =>
  fetch(`${stack.proxyUrl}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
const LINK_PATH = `/proxies/${encodeURIComponent(LINK)}`;

test("what a scenario names by role has the stack's names in the run, and the start of the run says which", async () => {
  const { outcome, events, view } = await run({
    steadyState: [{ service: "role:mcp-server", is: "up" }],
    method: [{ fault: { down: "caller->role:mcp-server" } }, { undo: "caller->role:mcp-server" }],
  });
  expect(outcome).toBe("passed");
  expect(view.started?.roles).toEqual({ "mcp-server": "server" });
  expect(view.faults.map(({ attributes }) => attributes.target)).toEqual([LINK]);
  expect(JSON.stringify(events)).not.toContain("role:");
});

test("a run on a stack without a role that the scenario names ends before anything is broken, with that reason", async () => {
  const { outcome, reason, view } = await run({ method: [{ fault: { stop: "role:agent" } }] });
  expect([outcome, reason]).toEqual([
    "precondition",
    "method[0].fault.stop: this needs a service of the stack whose x-lab role is agent; the stack has none",
  ]);
  expect(view.faults).toEqual([]);
});

describe("a fault that ends before its time, by itself or by someone else", () => {
  const http = { http_status: LINK, status: 503 };
  test.each<[string, object, () => unknown, RegExp]>([
    ["SIGKILL of the fault proxy", http, () => process.kill(pidOf("fault-proxy"), "SIGKILL"), /http_status caller->/],
    ["a reset of the fault proxy", http, () => proxy("POST", "/reset"), /it is no longer on caller->server/],
    ["opening a closed link", { down: LINK }, () => proxy("POST", LINK_PATH, { enabled: true }), /server is open/],
    ["SIGCONT to a paused service", { pause: "server" }, () => process.kill(pidOf("server"), "SIGCONT"), /is running/],
    ["the start of a stopped one", { stop: "server" }, () => stack.running.driver.start("server"), /server is running/],
    ["SIGKILL of a paused one", { pause: "caller" }, () => process.kill(pidOf("caller"), "SIGKILL"), /is stopped/],
  ])(
    "%s is noticed during the run, which does not pass, with the time in the reason",
    async (_what, fault, end, why) => {
      const { outcome, reason, events, view } = await run({
        method: [{ fault }, UNTIL_TOLD],
        listen(event, goOn) {
          if (event.type === "fault.applied") void end();
          if (event.type === "fault.undone") goOn();
        },
      });
      // A service that someone else has killed is not restarted by the run: it is residue.
      const isLeft = (await stack.running.driver.stateOf("caller")).is === "stopped";
      await stack.running.startAndWait("caller", AbortSignal.timeout(20_000));
      expect(outcome).toBe(isLeft ? "residue" : "failed");
      expect(reason).toMatch(why);
      expect(reason).toMatch(/ended before its time, by itself or by someone else: .*, seen [\d.]+ m?s into the run/);
      const seqOf = (is: (event: LabEvent) => boolean) => events.find(is)?.seq ?? 0;
      const undone = seqOf(({ type }) => type === "fault.undone");
      expect(undone).toBeLessThan(seqOf((event) => event.type === "phase.started" && event.phase === "checks"));
      expect(view.faults).toHaveLength(1);
    },
  );

  test("is noticed at the latest when it is undone", async () => {
    const { outcome, reason } = await run({
      method: [
        { fault: { ...http, for: "5m" } },
        { http: "fault-proxy", path: "/reset", method: "POST" },
        { undo: LINK },
      ],
    });
    expect(outcome).toBe("failed");
    expect(reason).toMatch(/http_status caller->server ended before its time/);
  });

  test("does not keep a run from passing when its own time was over", async () => {
    const { outcome, view } = await run({
      method: [{ fault: { pause: "server", for: "20ms" } }, { fault: { ...http, for: "20ms" } }, UNTIL_TOLD],
      listen: (event, goOn) => event.type === "fault.undone" && event.detail.includes("passes everything") && goOn(),
    });
    expect(outcome).toBe("passed");
    expect(view.faults.map(({ status }) => status)).toEqual(["restored", "restored"]);
  });
});

describe("a fault on a service that is paused", () => {
  test.each(["kill", "stop"])("%s: it is applied, and everything is undone afterwards", async (kind) => {
    let paused = 0;
    let wasDead = false;
    const { outcome, view } = await run({
      method: [{ fault: { pause: "server" } }, { fault: { [kind]: "server" } }, { probe: "server", is: "down" }],
      listen(event) {
        if (event.type === "fault.applied" && event.detail.includes("paused")) paused = pidOf("server");
        if (event.type === "fault.applied" && event.detail.includes(kind)) wasDead = isDead(paused);
      },
    });
    expect([outcome, wasDead]).toEqual(["passed", true]);
    expect(view.faults.map(({ attributes, status }) => `${attributes.kind} ${status}`)).toEqual([
      "pause restored",
      `${kind} restored`,
    ]);
    expect(letterOf(pidOf("server"))).toMatch(/[SR]/);
  });

  test("kill, which ends first: the service is paused again until the pause ends", async () => {
    const states: (string | undefined)[] = [];
    const { outcome } = await run({
      method: [{ fault: { pause: "server" } }, { fault: { kill: "server", for: "20ms" } }, UNTIL_TOLD],
      listen(event, goOn) {
        if (event.type !== "fault.undone") return;
        states.push(letterOf(pidOf("server")));
        goOn();
      },
    });
    expect(states).toEqual(["T", expect.stringMatching(/[SR]/)]);
    expect(outcome).toBe("passed");
  });
});

describe("a fault without effect", () => {
  test("because its target was already broken keeps the run from passing", async () => {
    const { outcome, reason } = await run({ method: [{ fault: { stop: "server" } }, { fault: { pause: "server" } }] });
    expect([outcome, reason]).toEqual(["failed", "fault pause server had no effect: server was already stopped"]);
  });

  test("because the driver does not support it is reported before anything is broken", async () => {
    const { outcome, reason, view } = await run({
      method: [{ fault: { pause: "caller" } }, { fault: { disconnect: "server" } }],
    });
    expect([outcome, view.faults]).toEqual(["precondition", []]);
    expect(reason).toMatch(/disconnect server cannot be done on the process driver.*--driver docker/);
  });

  test("because it was refused is logged as refused, neither in force nor restored", async () => {
    const { injector, events } = stack.injector();
    const nonsense = { latency: LINK, by: -1 };
    await expect(injector.apply(nonsense, AbortSignal.timeout(20_000))).rejects.toThrow(/fault proxy, POST .*400/);
    expect(events.map((event) => ("result" in event ? event.result : event.type))).toEqual([
      "fault.intended",
      "refused",
    ]);
    expect([injector.inForce(), stack.faults.open(stack.running.registered.id)]).toEqual([[], []]);
    expect(await injector.undo("all", AbortSignal.timeout(20_000))).toEqual({ undone: 0, residue: [] });
  });
});
