import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fakeGateway } from "../../testing/fake-services.ts";
import { onSmallLab } from "../../testing/small-lab.ts";
import { runOnSmallStack, UNTIL_TOLD } from "../../testing/small-run.ts";
import { LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send, toolCall } from "../../testing/through-link.ts";
import type { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { check as checkSchema } from "./check-schema.ts";
import { impliedFaultHits } from "./fault-hit.ts";
import { step as stepSchema } from "./schema.ts";
import { shippedScenarios } from "./shipped.ts";

let stack: SmallStack;
let history: SqliteRunStore;
onSmallLab((lab) => {
  ({ stack, history } = lab);
});

/** A run whose call is answered by a gateway that first sends the calls of `sent` over the link. */
async function run(sent: readonly string[], method: object[], expected?: object[]) {
  const services = stack.running.stack.services as unknown as { name: string; role: string }[];
  const caller = services.find(({ name }) => name === "caller");
  if (caller === undefined) throw new Error("there should be one");
  caller.role = "gateway";
  const sending: Promise<unknown>[] = [];
  const gateway = await fakeGateway(() => {
    for (const tool of sent) sending.push(send(stack.linkUrl, toolCall(tool)).catch(() => {}));
    return { result: { content: [{ type: "text", text: "done" }] } };
  });
  vi.spyOn(stack.running, "gateway").mockReturnValue({ url: `http://${gateway.address}/`, headers: {} });
  onTestFinished(() => {
    caller.role = "other";
    vi.restoreAllMocks();
  });
  return runOnSmallStack(stack, history, {
    method: method.flatMap((step) => ("call" in step ? [step, UNTIL_TOLD] : [step])),
    ...(expected === undefined ? {} : { expect: expected }),
    listen(event, goOn) {
      if (event.type === "step.started" && event.kind === "wait") void Promise.all(sending).then(goOn);
    },
  });
}

const LOST = { fault: { http_status: LINK, status: 503, match: { tool: "wanted" } } };
const CALL = { call: "wanted" };

describe("a fault that reads requests, in a scenario with calls after it", () => {
  test("and that had no hits keeps the run from passing, even without a check", async () => {
    const { outcome, reason } = await run(["other"], [LOST, CALL]);
    expect([outcome, reason]).toEqual([
      "failed",
      "faultHit http_status caller->server: expected at least 1; observed no hits",
    ]);
  });

  test("and that had hits passes, with their number", async () => {
    const { outcome, view } = await run(["wanted"], [LOST, CALL, { undo: LINK }]);
    expect(outcome).toBe("passed");
    expect(view.checks.at(-1)?.event).toMatchObject({ check: "faultHit http_status caller->server", observed: "1" });
  });

  test("need not be hit when the scenario says so", async () => {
    const { outcome } = await run([], [LOST, CALL], [{ faultHit: "none" }]);
    expect(outcome).toBe("passed");
  });

  test.each([
    [{ link: LINK, tool: "wanted", exactly: 2 }, "passed"],
    [{ link: LINK, tool: "other" }, "failed"],
    [{ link: LINK, kind: "http_delay" }, "failed"],
    [{ link: LINK, kind: "http_status", atMost: 1 }, "failed"],
  ])("is judged by what the scenario says instead: %j", async (faultHit, outcome) => {
    expect((await run(["wanted", "wanted"], [LOST, CALL, { undo: LINK }], [{ faultHit }])).outcome).toBe(outcome);
  });
});

test("a fault on bytes is only counted where a check asks for it", async () => {
  const slow = { fault: { latency: LINK, by: "1ms" } };
  expect((await run([], [slow, CALL])).outcome).toBe("passed");
  expect((await run([], [slow, CALL], [{ faultHit: { link: LINK } }])).outcome).toBe("failed");
  const met = await run(["any"], [slow, CALL, { undo: LINK }], [{ faultHit: { link: LINK, kind: "latency" } }]);
  expect(met.outcome).toBe("passed");
});

describe("an implicit check", () => {
  const implied = (...method: object[]) =>
    impliedFaultHits({ method: method.map((each) => stepSchema.parse(each)), expect: [] });

  test("exists only for faults that are in force when a call is made", () => {
    expect(implied(LOST, CALL)).toEqual([{ faultHit: { link: LINK, kind: "http_status" } }]);
    expect(implied(CALL, LOST)).toEqual([]);
    expect(implied(LOST, { undo: LINK }, CALL)).toEqual([]);
    expect(implied(LOST, { undo: "all" }, CALL)).toEqual([]);
    expect(implied(LOST, { undo: "server" }, { storm: "wanted", times: 2 })).toHaveLength(1);
    expect(implied({ fault: { down: LINK } }, CALL)).toEqual([]);
    expect(implied(LOST, LOST, CALL)).toHaveLength(1);
  });

  test("exists for the shipped scenarios with such a fault", () => {
    const asked = shippedScenarios().flatMap(({ scenario }) =>
      impliedFaultHits(scenario).length > 0 ? [scenario.id] : [],
    );
    expect(asked).toEqual([
      "gray-failure",
      "stream-cut-and-resume",
      "session-lost-in-mid-run",
      "reply-lost-after-refund",
      "malformed-reply",
      "ambiguous-timeout-on-a-write",
      "retry-amplification",
      "noisy-neighbour",
      "capability-drift",
      "stale-capabilities",
    ]);
  });

  test("is refused with unknown fields", () => {
    expect(checkSchema.safeParse({ faultHit: { link: LINK, kind: "down" } }).success).toBe(false);
    expect(checkSchema.safeParse({ faultHit: "some" }).success).toBe(false);
  });
});
