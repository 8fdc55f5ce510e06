import { expect, test } from "vitest";
import { TrafficMeter } from "./traffic-meter.ts";
import { readWireRecord } from "./wire-records.ts";

function meterAt() {
  let nowMs = 0;
  const meter = new TrafficMeter({ monotonicMs: () => nowMs });
  let seq = 0;
  const take = (more: object) =>
    meter.take(
      readWireRecord({
        ...{
          seq: ++seq,
          id: `call-${seq}`,
          at: 1_000,
          link: "a->b",
          http: "POST /mcp",
          requestBytes: 1,
          replyBytes: 1,
        },
        ...more,
      }),
    );
  return {
    take,
    read: () => meter.read(["a->b", "b->c"]),
    drop: () => meter.drop("a->b", 2),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("counts each exchange once, with its errors, the rate of the last ten seconds and the last one that ended", () => {
  const { take, read, pass } = meterAt();
  take({ id: "one", method: "tools/call", tool: "pay" });
  take({ id: "one", method: "tools/call", tool: "pay", status: 200, endMs: 30 });
  pass(4_000);
  take({ status: 503, endMs: 5 });
  expect(read()).toEqual([
    {
      link: "a->b",
      calls: 2,
      errors: 1,
      perSecond: 0.2,
      last: { what: "POST /mcp", error: "HTTP 503", status: 503, wallMs: 1_005, durationMs: 5 },
    },
    { link: "b->c", calls: 0, errors: 0, perSecond: 0, last: null },
  ]);
  pass(7_000);
  expect(read()[0]).toMatchObject({ calls: 2, perSecond: 0.1 });
  take({ method: "tools/call", tool: "pay", status: 200, endMs: 30 });
  expect(read()[0]?.last).toMatchObject({ what: "tools/call pay", error: null });
});

test("counts what could not be read as exchanges", () => {
  const { take, read, drop } = meterAt();
  take({ status: 200, endMs: 1 });
  drop();
  expect(read()[0]).toMatchObject({ calls: 3, errors: 0 });
});
