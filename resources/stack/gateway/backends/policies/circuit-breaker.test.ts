import { describe, expect, it } from "vitest";
import { UpstreamFailure } from "../upstream-failure.ts";
import { CircuitBreaker, type CircuitChange, type CircuitSettings, circuitStates } from "./circuit-breaker.ts";

const settings: CircuitSettings = {
  failureThreshold: 3,
  timeoutMs: 1_000,
  windowMs: 10_000,
  minimumCalls: 10,
  failureRate: 0.5,
};

function circuitWith(options: Partial<CircuitSettings> = {}) {
  let nowMs = 0;
  const changes: CircuitChange[] = [];
  const circuit = new CircuitBreaker({ ...settings, ...options }, () => nowMs);
  circuit.onChange((change) => changes.push(change));
  const refused = () => Promise.reject(new UpstreamFailure("refused", "connection refused"));
  const settle = (work: Promise<unknown>) => work.catch((error: Error) => error);
  const fail = (kind: "probe" | "call", times = 1) =>
    Array.from({ length: times }).reduce<Promise<unknown>>(
      (before) => before.then(() => settle(circuit.execute(kind, refused))),
      Promise.resolve(),
    );
  const succeed = (kind: "probe" | "call") => settle(circuit.execute(kind, async () => "done"));
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { circuit, changes, fail, succeed, settle, pass };
}

describe("CircuitBreaker", () => {
  it("InitialState: closed, never changed", () => {
    const { circuit } = circuitWith();
    expect(circuit.snapshot()).toEqual({ state: "closed", failures: 0, changedAt: undefined, retryAfterMs: undefined });
  });

  it("ClosedToOpen: stays closed until the last failure of the threshold", async () => {
    const { circuit, changes, fail } = circuitWith();
    await fail("probe", 2);
    expect(circuit.state).toBe("closed");
    await fail("probe");
    expect([circuit.state, changes]).toEqual([
      "open",
      [{ from: "closed", to: "open", reason: "3 probes in a row failed: connection refused" }],
    ]);
  });

  it("OpenToHalfOpen: only when something is attempted, and then for that alone", async () => {
    const { circuit, fail, settle, pass } = circuitWith();
    await fail("probe", 3);
    pass(1_000);
    expect(circuit.state).toBe("open");
    const { promise, resolve } = Promise.withResolvers<string>();
    const trial = circuit.execute("probe", () => promise);
    expect(circuit.state).toBe("half-open");
    expect(await settle(circuit.execute("call", async () => "second"))).toMatchObject({ kind: "not-sent" });
    resolve("done");
    await trial;
  });

  it("HalfOpenToClosed: the trial succeeds", async () => {
    const { circuit, fail, succeed, pass } = circuitWith();
    await fail("probe", 3);
    pass(1_000);
    await succeed("probe");
    expect(circuit.snapshot()).toMatchObject({ state: "closed", failures: 0 });
  });

  it("HalfOpenToOpen: the trial fails, and the timeout starts again", async () => {
    const { circuit, fail, pass } = circuitWith();
    await fail("probe", 3);
    pass(1_500);
    await fail("probe");
    expect(circuit.snapshot()).toMatchObject({ state: "open", retryAfterMs: 1_000 });
  });

  it("ResetOnSuccess: a success ends the row of failures", async () => {
    const { circuit, fail, succeed } = circuitWith();
    await fail("probe", 2);
    await succeed("probe");
    await fail("probe", 2);
    expect(circuit.state).toBe("closed");
  });

  it("ConcurrentAccess: many at once leave a valid state, and reach the backend only while it is closed", async () => {
    const { circuit, fail, pass } = circuitWith();
    await Promise.all(Array.from({ length: 100 }, () => fail("probe")));
    expect(circuitStates).toContain(circuit.state);
    pass(1_000);
    let sent = 0;
    const work = async () => {
      sent += 1;
      await new Promise((resolve) => setImmediate(resolve));
    };
    await Promise.allSettled(Array.from({ length: 100 }, () => circuit.execute("call", work)));
    expect([sent, circuit.state]).toEqual([1, "closed"]);
  });

  it("StateTransitionTimestamps: each change has its time", async () => {
    const { circuit, fail, succeed, pass } = circuitWith();
    await fail("probe", 3);
    const opened = circuit.snapshot().changedAt?.getTime() ?? 0;
    pass(1_000);
    await succeed("probe");
    expect(opened).toBeGreaterThan(0);
    expect(circuit.snapshot().changedAt?.getTime()).toBeGreaterThanOrEqual(opened);
  });

  it("GetSnapshot: state, failures in a row, the last change and the time until the next attempt", async () => {
    const { circuit, fail, pass } = circuitWith();
    await fail("probe", 2);
    expect(circuit.snapshot()).toMatchObject({ state: "closed", failures: 2, changedAt: undefined });
    await fail("probe");
    pass(400);
    expect(circuit.snapshot()).toEqual({
      state: "open",
      failures: 3,
      changedAt: expect.any(Date),
      retryAfterMs: 600,
    });
  });

  it("GetSnapshotIsReadOnly: still open after its timeout, until something is attempted", async () => {
    const { circuit, fail, pass } = circuitWith();
    await fail("probe", 3);
    pass(400);
    expect(circuit.snapshot()).toMatchObject({ state: "open", failures: 3, retryAfterMs: 600 });
    pass(5_000);
    expect(circuit.snapshot()).toMatchObject({ state: "open", retryAfterMs: 0 });
  });

  it("HalfOpenSingleTest: of many attempts one is let through", async () => {
    const { circuit, fail, settle, pass } = circuitWith();
    await fail("probe", 3);
    pass(1_000);
    const { promise, resolve } = Promise.withResolvers<string>();
    let sent = 0;
    const attempts = Array.from({ length: 10 }, (_, at) =>
      settle(
        circuit.execute(at % 2 === 0 ? "probe" : "call", () => {
          sent += 1;
          return promise;
        }),
      ),
    );
    resolve("done");
    const ends = await Promise.all(attempts);
    expect([sent, ends.filter((end) => end === "done").length, circuit.state]).toEqual([1, 1, "closed"]);
  });

  it("ZeroThreshold: opens on the first failure", async () => {
    const { circuit, fail } = circuitWith({ failureThreshold: 0 });
    await fail("probe");
    expect(circuit.state).toBe("open");
  });

  it("MultipleOpenCloseTransitions: opens and closes again and again", async () => {
    const { changes, fail, succeed, pass } = circuitWith({ failureThreshold: 1 });
    for (let round = 0; round < 3; round += 1) {
      await fail("probe");
      pass(1_000);
      await succeed("probe");
    }
    const round = ["open", "half-open", "closed"];
    expect(changes.map(({ to }) => to)).toEqual([...round, ...round, ...round]);
  });

  it("refuses at once while it is open, with the time until the next attempt", async () => {
    const { circuit, fail, settle, pass } = circuitWith();
    await fail("probe", 3);
    pass(250);
    let sent = 0;
    const refusal = await settle(circuit.execute("call", async () => (sent += 1)));
    expect(refusal).toMatchObject({ message: "circuit breaker open: retry in 0.8 s", retryAfterMs: 750 });
    expect(sent).toBe(0);
  });

  it("opens when half of enough calls fail, however the probes end", async () => {
    const { circuit, changes, fail, succeed } = circuitWith();
    for (let pair = 0; pair < 4; pair += 1) {
      await succeed("call");
      await fail("call");
      await succeed("probe");
    }
    expect(circuit.state).toBe("closed");
    await succeed("call");
    await fail("call");
    expect(circuit.state).toBe("open");
    expect(changes[0]?.reason).toBe("5 of 10 calls failed: connection refused");
  });

  it("does not open for a few calls that fail, or for those of long ago", async () => {
    const { circuit, fail, succeed, pass } = circuitWith();
    await fail("call", 9);
    pass(11_001);
    await fail("call", 9);
    for (let call = 0; call < 20; call += 1) await succeed("call");
    expect(circuit.state).toBe("closed");
  });

  it("lets the next request be the trial when the first one was cancelled by its caller", async () => {
    const { circuit, fail, succeed, settle, pass } = circuitWith();
    await fail("probe", 3);
    pass(1_000);
    await settle(circuit.execute("call", () => Promise.reject(new Error("caller left"))));
    expect(circuit.state).toBe("open");
    await succeed("call");
    expect(circuit.state).toBe("closed");
  });
});
