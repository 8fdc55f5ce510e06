import { expect, test } from "vitest";
import type { TraceLog } from "../trace-files/otlp-logs.ts";
import type { TraceSpan } from "../trace-files/trace.ts";
import { AFTER_IDLE_MS, AFTER_ROOT_MS, SESSION_LIMITS, type SessionLimits } from "./live-session.ts";
import { LiveSessions } from "./live-sessions.ts";

let made = 0;
function span(traceId: string, change: Partial<TraceSpan> = {}): TraceSpan {
  return {
    traceId,
    spanId: `${++made}`,
    parentId: "above",
    name: "s",
    kind: "internal",
    service: "agent",
    scope: "",
    startUs: made,
    endUs: made + 1,
    attributes: {},
    events: [],
    isError: false,
    statusMessage: "",
    ...change,
  };
}
const root = (traceId: string, attributes: TraceSpan["attributes"] = {}) =>
  span(traceId, { parentId: undefined, attributes });
const log = (traceId: string) => ({ traceId, body: "b" }) as TraceLog;

function sessions(limits: Partial<SessionLimits> = {}) {
  let nowMs = 0;
  const live = new LiveSessions({ nowMs: () => nowMs, onChange: () => {}, limits: { ...SESSION_LIMITS, ...limits } });
  const take = (spans: TraceSpan[], logs: TraceLog[] = []) => live.take({ spans, logs, points: 0, problems: [] });
  const shown = () => live.list().map((each) => [each.name, each.spans.length, live.isComplete(each)]);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { live, take, shown, pass };
}

test("spans are grouped by the name of a session, else by the conversation, else by their trace", () => {
  const { take, shown } = sessions();
  take([
    span("a"),
    root("a", { "gen_ai.conversation.id": "c-1" }),
    root("b", { "gen_ai.conversation.id": "c-1" }),
    root("c", { "agentevals.session_name": "named", "gen_ai.conversation.id": "c-1" }),
    span("ddddddddddddddd"),
  ]);
  expect(shown()).toEqual([
    ["trace dddddddddddd", 1, false],
    ["named", 1, false],
    ["c-1", 3, false],
  ]);
});

test("what was known by its trace alone is absorbed once its conversation is", () => {
  const { take, shown, live } = sessions();
  take([span("a"), span("a")], [log("a")]);
  take([root("b", { "gen_ai.conversation.id": "c-1" })]);
  take([root("a", { "gen_ai.conversation.id": "c-1" })]);
  expect(shown()).toEqual([["c-1", 4, false]]);
  take([span("a")], [log("a")]);
  expect(live.list()[0]?.logs).toHaveLength(2);
  expect(shown()).toEqual([["c-1", 5, false]]);
});

test("a session is complete three seconds after a root span or thirty after anything, and reopened by a late span", () => {
  const { take, shown, pass, live } = sessions();
  take([span("a")]);
  pass(AFTER_IDLE_MS - 1);
  expect(shown()).toMatchObject([[expect.anything(), 1, false]]);
  pass(1);
  expect(shown()).toMatchObject([[expect.anything(), 1, true]]);
  take([span("a")]);
  expect(live.list()[0]?.isReopened).toBe(true);
  take([root("a")]);
  pass(AFTER_ROOT_MS - 1);
  expect(shown()).toMatchObject([[expect.anything(), 3, false]]);
  pass(1);
  expect(shown()).toMatchObject([[expect.anything(), 3, true]]);
});

test("more spans and logs than a session keeps are counted and rejected, with why", () => {
  const { take, live } = sessions({ spans: 2, logs: 1 });
  const answer = take([span("a"), span("a"), span("a")], [log("a"), log("a")]);
  expect(answer).toEqual({ rejected: 2, message: "a session keeps 2 spans; a session keeps 1 logs" });
  expect(live.list()[0]).toMatchObject({ dropped: { spans: 1, logs: 1 } });
});

test("a further session takes the place of the oldest complete one; where none is, it is turned away, and said", () => {
  const { take, shown, pass, live } = sessions({ sessions: 2 });
  take([root("a")]);
  pass(AFTER_ROOT_MS);
  take([span("b")]);
  expect(live.limitReached).toBeUndefined();
  take([span("c")]);
  expect(shown().map(([name]) => name)).toEqual(["trace c", "trace b"]);
  expect(take([span("d")])).toEqual({
    rejected: 1,
    message: "the lab holds 2 sessions, none of which is complete",
  });
  expect(live.limitReached).toBe(
    "the lab holds 2 sessions: 1 complete sessions were forgotten for newer ones; 1 spans of further sessions were turned away",
  );
});

test("logs that come before the spans of their trace are of their session; those of no trace are rejected", () => {
  const { take, live } = sessions();
  expect(take([], [log("a"), log("b"), { body: "c" } as TraceLog])).toEqual({
    rejected: 1,
    message: "a log without a trace is of no session",
  });
  take([span("a")]);
  expect(live.list().map(({ logs }) => logs)).toEqual([[log("a")]]);
  expect(live.limitReached).toBeUndefined();
  take(
    [],
    Array.from({ length: 1_002 }, () => log("c")),
  );
  expect(live.limitReached).toBe("3 logs were dropped: no span of their trace came");
});

test("what is beyond the limit of a session when it takes over another is counted", () => {
  const { take, live } = sessions({ spans: 3, logs: 1 });
  take([root("b", { "gen_ai.conversation.id": "c-1" }), span("b")], [log("b")]);
  take([span("a"), span("a")], [log("a")]);
  take([root("a", { "gen_ai.conversation.id": "c-1" })]);
  const [session] = live.list();
  expect([session?.spans.length, session?.logs.length]).toEqual([3, 1]);
  expect(session?.dropped).toEqual({ spans: 2, logs: 1 });
});
