import { getEventListeners } from "node:events";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { LabEvent } from "../../model/lab-event.ts";
import { collectGarbage } from "../../testing/collect-garbage.ts";
import { onSmallLab } from "../../testing/small-lab.ts";
import { runOnSmallStack, type SmallRun } from "../../testing/small-run.ts";
import { LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send } from "../../testing/through-link.ts";
import { systemClock } from "../clock.ts";
import type { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { thisProcess } from "../process-identity.ts";
import { loadText } from "../scenarios/load.ts";
import { StrayErrors } from "../stray-errors.ts";
import { runScenario } from "./runner.ts";

let stack: SmallStack;
let history: SqliteRunStore;
onSmallLab((lab) => {
  ({ stack, history } = lab);
});
afterEach(async () => {
  expect(stack.faults.open(stack.running.registered.id)).toEqual([]);
  expect((await send(stack.linkUrl)).status).toBe(200);
});

const driver = () => stack.running.driver;
const run = (scenario: SmallRun) => runOnSmallStack(stack, history, scenario);

test("ended runs are not kept in memory by the cancel signal, the stack or the history", async () => {
  const lasting = new AbortController();
  const steadyState = [{ service: "server", is: "up" }];
  const parts = {
    stack: stack.running,
    history,
    journal: stack.faults,
    clock: systemClock,
    labVersion: "0",
    strays: new StrayErrors(),
  };
  const runOnce = async (outcome: string, method: object[]) => {
    const scenario = { id: "x", title: "x", patterns: [], steadyState, method, expect: [{ within: "5m" }] };
    const events: LabEvent[] = [];
    const [loaded] = loadText(JSON.stringify(scenario), "x.yaml");
    if (loaded === undefined) throw new Error("there should be one");
    const result = await runScenario(loaded, parts, lasting.signal, (event) => events.push(event));
    expect(result).toMatchObject({ outcome });
    return new WeakRef(events);
  };
  const http = { http: "server", path: "/" };
  const ended = [
    await runOnce("passed", [http, { fault: { latency: LINK, by: "1ms" } }, { probe: "server" }]),
    await runOnce("failed", [
      { wait: "1ms", background: true },
      { ...http, status: 404 },
    ]),
  ];
  expect(getEventListeners(lasting.signal, "abort")).toEqual([]);
  const held = async () => {
    await collectGarbage();
    return ended.filter((events) => events.deref() !== undefined).length;
  };
  await expect.poll(held).toBe(0);
});

describe("warnings about the run itself", () => {
  test("a fault without effect and an undo without a fault are warnings, not failures", async () => {
    const { outcome, warnings } = await run({
      method: [{ fault: { reply_lost: LINK } }, { undo: LINK }, { undo: "server" }],
    });
    expect(outcome).toBe("passed");
    expect(warnings.map(({ code }) => code)).toEqual(["fault-hit-nothing", "undo-without-fault"]);
  });

  test("the requests that met a fault are in its log", async () => {
    const { view } = await run({
      method: [{ fault: { http_status: LINK, status: 503 } }, { wait: "20ms" }],
      listen: (event) =>
        event.type === "fault.applied" && void send(stack.linkUrl, { jsonrpc: "2.0", id: 1, method: "ping" }),
    });
    expect(view.faults.map(({ attributes }) => attributes.kind)).toEqual(["http_status"]);
  });

  test("a fault that another process has undone in mid-run keeps it from passing", async () => {
    const { outcome, reason } = await run({
      method: [{ fault: { pause: "server" } }, { wait: "1ms" }],
      listen: (event) => {
        if (event.type !== "fault.applied") return;
        stack.faults.close(event.fault, "restored");
        void driver().resume("server");
      },
    });
    expect([outcome, reason]).toEqual([
      "failed",
      expect.stringContaining("undone in mid-run, by a halt or by the watchdog"),
    ]);
  });

  test("a view that fails is removed with a warning, and the run continues", async () => {
    const { outcome, view } = await run({
      method: [{ wait: "1ms" }],
      listen: (event) => {
        if (event.type === "phase.started") throw new Error("a broken view");
      },
    });
    expect(outcome).toBe("passed");
    expect(view.ended).toBeUndefined(); // it received nothing more
  });

  test("decisions on calls from before the run are excluded; later ones on a call of the run are not", async () => {
    const { takeRows } = await auditLogOf();
    const at = Date.now();
    const { view } = await run({
      method: [{ wait: { rows: 2 } }],
      listen: (event) => {
        if (event.type !== "step.started") return;
        takeRows(
          { tool: "old", decidedWallMs: at - 60_000, durationMs: 5, callId: "1" },
          { tool: "old", decidedWallMs: Date.now(), durationMs: Date.now() - at + 60_000, callId: "1" },
          { tool: "new", decidedWallMs: Date.now(), durationMs: 0, callId: "2" },
          { tool: "new", decidedWallMs: Date.now(), durationMs: 60_000, callId: "2" },
        );
      },
    });
    expect(view.decisions.map(({ event }) => event.tool)).toEqual(["new", "new"]);
    expect(view.warnings.filter(({ event }) => event.code === "audit-log")).toHaveLength(2);
  });
});

/** Replaces the audit log, which the small stack does not have: rows as the reader would read them. */
async function auditLogOf() {
  const { AuditReader } = await import("../traces/audit-reader.ts");
  let taker: ((row: never) => void) | undefined;
  vi.spyOn(AuditReader, "fromNow").mockImplementation(async (_url, take) => {
    taker = take;
    return { read: async () => true, missing: () => [], close: async () => {} } as never;
  });
  onTestFinished(() => void vi.restoreAllMocks());
  const services = stack.running.stack.services as unknown as object[];
  services.push({ name: "audit", role: "audit-log", environment: {} });
  vi.spyOn(stack.running, "endpoint").mockReturnValue("postgres://nowhere");
  const stateOf = driver().stateOf.bind(driver());
  const identity = { kind: "process", ...thisProcess } as const;
  vi.spyOn(driver(), "stateOf").mockImplementation(async (service) =>
    service === "audit" ? { is: "running", identity } : stateOf(service),
  );
  onTestFinished(() => void services.pop());
  let rowId = 0;
  const rest = {
    sessionId: "s",
    turnId: "t",
    arguments: {},
    decision: "allow",
    reason: "",
    backend: "",
    traceId: "",
    spanId: "",
  };
  const takeRows = (...rows: object[]) => {
    for (const row of rows) taker?.({ ...rest, rowId: String(++rowId), ...row } as never);
  };
  return { takeRows };
}
