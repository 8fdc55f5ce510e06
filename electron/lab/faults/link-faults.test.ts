import { describe, expect, test } from "vitest";
import { check } from "../scenarios/check-schema.ts";
import { step } from "../scenarios/schema.ts";
import { effectOf, LINK_FAULTS, type LinkFaultKind, readsRequests, toToxic } from "./link-faults.ts";
import { requestedFault } from "./requested-fault.ts";

const LINK = "gateway->payments-mcp";

/** A fault as a scenario writes it, parsed by the schema and converted to what the fault proxy takes. */
function toxicOf(written: Record<string, unknown>) {
  const parsed = step.parse({ fault: written }) as { fault: Parameters<typeof requestedFault>[0] };
  const requested = requestedFault(parsed.fault);
  if (requested.on !== "link") throw new Error("not a fault on a link");
  return toToxic(requested.kind, requested.spec);
}

/** Each kind once, with all of its fields, and the attributes expected from them. */
const MAPPINGS: Record<
  Exclude<LinkFaultKind, "observe">,
  [written: Record<string, unknown>, attributes: Record<string, unknown> | undefined]
> = {
  latency: [
    { by: "500ms", jitter: "0.1s" },
    { latency: 500, jitter: 100 },
  ],
  bandwidth: [{ rate: 64 }, { rate: 64 }],
  slow_close: [{ by: "2s" }, { delay: 2_000 }],
  timeout: [{ after: "1s" }, { timeout: 1_000 }],
  reset_peer: [{ after: "250ms" }, { timeout: 250 }],
  slicer: [
    { size: 64, variation: 8, delay: "2ms" },
    { average_size: 64, size_variation: 8, delay: 2_000 },
  ],
  limit_data: [{ bytes: 4_096 }, { bytes: 4_096 }],
  http_status: [
    { status: 503, retry_after: "2s" },
    { status: 503, retry_after: 2 },
  ],
  http_delay: [
    { by: "1s", jitter: "100ms" },
    { delay: 1_000, jitter: 100 },
  ],
  mcp_error: [
    { code: -32_000, message: "no" },
    { code: -32_000, message: "no" },
  ],
  malformed: [{ kind: "json" }, { kind: "json" }],
  truncated: [{ bytes: 10 }, { bytes: 10 }],
  session_lost: [
    { status: 404, sessions: "any" },
    { status: 404, sessions: "any" },
  ],
  session_rotated: [{}, {}],
  stream_cut: [{ after_events: 2 }, { after_events: 2 }],
  stream_stalled: [{ after_events: 0 }, { after_events: 0 }],
  stream_duplicated: [{ after_events: 1 }, { after_events: 1 }],
  stream_split: [{ by: "50ms" }, { delay: 50 }],
  event_ids_skipped: [{ every: 3 }, { every: 3 }],
  get_stream_refused: [{ status: 405 }, { status: 405 }],
  reply_lost: [{}, {}],
  request_lost: [{}, {}],
  tools_changed: [
    { remove: ["create_refund"], describe: "changed" },
    { remove: ["create_refund"], describe: "changed" },
  ],
  down: [{}, undefined],
};

describe("a fault on a link, as a scenario writes it", () => {
  test.each(LINK_FAULTS)("%s becomes a toxic with the proxy's own names and units", (kind) => {
    const [written, attributes] = MAPPINGS[kind];
    const toxic = toxicOf({ [kind]: LINK, ...written });
    if (attributes === undefined) expect(toxic).toBeUndefined();
    else expect(toxic).toMatchObject({ type: kind, stream: "downstream", attributes });
  });

  test("leaves out what it does not set, so that the proxy's defaults apply", () => {
    expect(toxicOf({ timeout: LINK })?.attributes).toEqual({});
    expect(toxicOf({ latency: LINK, by: "1s" })?.attributes).toEqual({ latency: 1_000 });
  });

  test("accepts a bandwidth of 0, a total stall", () => {
    expect(step.safeParse({ fault: { bandwidth: LINK, rate: 0 } }).success).toBe(true);
    expect(toxicOf({ bandwidth: LINK, rate: 0 })?.attributes).toEqual({ rate: 0 });
  });

  test("keeps its lifetime, direction, chance, seed and match out of the attributes", () => {
    expect(toxicOf({ latency: LINK, by: "1s", for: "5s", toward: "callee", toxicity: 0.5, seed: 7 })).toMatchObject({
      stream: "upstream",
      toxicity: 0.5,
      seed: 7,
      attributes: { latency: 1_000 },
    });
    const match = { tool: "create_refund", ordinal: 2 };
    expect(toxicOf({ reply_lost: LINK, for: "5s", match, seed: 3 })).toMatchObject({ attributes: {}, match, seed: 3 });
  });

  test.each([
    [{ latency: LINK }, "a latency of no time"],
    [{ latency: "payments-mcp", by: "1s" }, "a service instead of a link"],
    [{ bandwidth: LINK, rate: -1 }, "a bandwidth below nothing"],
    [{ latency: LINK, by: "1s", toxicity: 1.5 }, "a chance above one"],
    [{ latency: LINK, by: "1s", match: { tool: "x" } }, "a match for a fault that reads no requests"],
    [{ reply_lost: LINK, toward: "callee" }, "a direction for a fault on requests"],
    [{ down: LINK, by: "1s" }, "a field that the kind does not have"],
    [{ latency: LINK, by: "1s", stop: "gateway" }, "two kinds at once"],
  ])("is refused: %j, %s", (written, _why) => {
    expect(step.safeParse({ fault: written }).success).toBe(false);
  });

  test("every kind has an effect text, and states whether the proxy reports which requests met it", () => {
    for (const kind of LINK_FAULTS) expect(effectOf(kind)).toMatch(/\w{3}/);
    expect(LINK_FAULTS.filter(readsRequests)).toHaveLength(16);
    expect([readsRequests("latency"), readsRequests("down"), readsRequests("reply_lost")]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

test("names of built-in object properties are not faults", () => {
  expect(check.safeParse({ constructor: "x" }).success).toBe(false);
});
