import { describe, expect, it } from "vitest";
import { reply, scriptedUpstream } from "../../testing/scripted-upstream.ts";
import type { RequestOptions } from "../upstream.ts";
import { type UpstreamCause, UpstreamFailure } from "../upstream-failure.ts";
import { retry } from "./retry.ts";
import { RetryBudget } from "./retry-budget.ts";

const noPause = () => 0;

/** Fails each request with the next failure, and answers when there are none left. */
function failing(failures: UpstreamFailure[], budget?: RetryBudget) {
  const sent: RequestOptions[] = [];
  const upstream = scriptedUpstream(async (options) => {
    sent.push(options);
    const failure = failures.shift();
    if (failure) throw failure;
    return reply();
  });
  const guarded = retry(upstream, { budget, honoursRetryAfter: true, random: noPause });
  const call = (options: Partial<RequestOptions> = {}) =>
    guarded.request("tools/call", {}, { deadlineMs: 60_000, mayRepeat: true, ...options }).then(
      () => "done",
      (error: Error) => error.message,
    );
  return { sent, call };
}

const failures = (count: number, kind: UpstreamCause = "reset") =>
  Array.from({ length: count }, () => new UpstreamFailure(kind, `it was ${kind}`));

describe("retry", () => {
  it("sends a call that may be executed twice again, three times at the most", async () => {
    const recovering = failing(failures(2));
    expect([await recovering.call(), recovering.sent.length]).toEqual(["done", 3]);
    const failed = failing(failures(9));
    expect([await failed.call(), failed.sent.length]).toEqual(["it was reset", 3]);
  });

  it("never sends a call again that may not", async () => {
    const { sent, call } = failing(failures(1));
    expect([await call({ mayRepeat: false }), sent.length]).toEqual(["it was reset", 1]);
  });

  it.each(["deadline", "unauthorized", "malformed", "not-sent", "closed"] as const)(
    "does not repeat what failed as %s",
    async (kind) => {
      const { sent, call } = failing(failures(1, kind));
      expect([await call(), sent.length]).toEqual([`it was ${kind}`, 1]);
    },
  );

  it("honours the backend's own pause, and does not begin one that is longer than what is left", async () => {
    const busy = new UpstreamFailure("status", "HTTP 503", 120_000);
    const { sent, call } = failing([busy]);
    expect([await call(), sent.length]).toEqual(["HTTP 503", 1]);
    const soon = failing([new UpstreamFailure("status", "HTTP 503", 30)]);
    const startedAtMs = performance.now();
    expect(await soon.call()).toBe("done");
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(29);
  });

  it("gives each attempt what is left of the deadline", async () => {
    const { sent, call } = failing([new UpstreamFailure("status", "HTTP 503", 30)]);
    await call({ deadlineMs: 10_000 });
    expect(sent[1]?.deadlineMs).toBeLessThanOrEqual(9_971);
  });

  it("ends with its caller", async () => {
    const leaving = new AbortController();
    const { sent, call } = failing([new UpstreamFailure("status", "HTTP 503", 50_000)]);
    const called = call({ signal: leaving.signal });
    leaving.abort(new Error("caller left"));
    expect([await called, sent.length]).toEqual(["caller left", 1]);
  });

  it("multiplies the load of an outage by the budget's share at the most, once what was saved up is spent", async () => {
    const { sent, call } = failing(failures(10_000), new RetryBudget(0.1, 10));
    for (let n = 0; n < 100; n += 1) await call();
    const before = sent.length;
    for (let n = 0; n < 1_000; n += 1) await call();
    expect((sent.length - before) / 1_000).toBeLessThanOrEqual(1.1);
    expect((sent.length - before) / 1_000).toBeGreaterThan(1.05);
  });
});
