import { ORPCError } from "@orpc/client";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import type { StreamItem, StreamMessage, SubscribeRequest } from "../../electron/contract/events.ts";
import { aborted } from "./abort.ts";
import { Connection } from "./connection.ts";
import { followRun } from "./follow.ts";
import { labClient } from "./lab-client.ts";
import { LabGone, type OpenLink, Refused, type Transport } from "./transport.ts";

/** Shorter time limits for tests. */
const limits = vi.hoisted(() => ({ ms: 10_000 }));
vi.mock("./call-limits.ts", () => ({ limitOf: () => limits.ms }));

type Answer = (path: string, input: unknown, signal: AbortSignal | undefined) => unknown;

/** A lab in memory: links that open on request, with scripted answers, and can be cut. */
class FakeLab implements Transport {
  readonly links: { cut: () => void }[] = [];
  readonly acknowledged: number[] = [];
  refuses = false;
  /** When false, a link never opens. */
  opens = true;
  readonly #answer: Answer;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  async open(): Promise<OpenLink> {
    if (this.refuses) throw new Refused("spent", "open the address in the terminal");
    if (!this.opens) return new Promise(() => {});
    const gone = new AbortController();
    const cut = () => gone.abort(new Error("cut"));
    this.links.push({ cut });
    return {
      gone: gone.signal,
      close: cut,
      link: {
        call: async (path, input, { signal }) => {
          const name = path.join(".");
          if (name === "events.acknowledge") this.acknowledged.push((input as { message: number }).message);
          return this.#answer(name, input, signal);
        },
      },
    };
  }
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function clientOf(lab: FakeLab) {
  const client = labClient(lab);
  closers.push(() => client.close());
  return client;
}

const LAST = 100;
const itemAt = (seq: number) =>
  ({ type: "warning", runId: "r", seq, atMs: seq, wallMs: seq, code: "c", message: "m" }) as StreamItem;

/** Ten items per message, from the requested number to the last. */
async function* logFrom(
  { afterSeq }: { afterSeq: number },
  onMessage: (seq: number) => void,
): AsyncGenerator<StreamMessage> {
  let message = 0;
  for (let seq = afterSeq; seq < LAST; seq += 10) {
    onMessage(seq);
    const items = Array.from({ length: 10 }, (_, index) => itemAt(seq + index + 1));
    yield { type: "run", message: ++message, items, lastSeq: LAST, savedSeq: LAST, unsaved: null };
  }
}

test("a stream resumes after a lost connection from the last number received, without gaps or duplicates", async () => {
  const asked: number[] = [];
  const lab: FakeLab = new FakeLab((name, input) => {
    if (name !== "events.subscribe") return {};
    const request = input as Extract<SubscribeRequest, { topic: "run" }>;
    asked.push(request.afterSeq);
    return logFrom(request, (seq) => {
      const isFirst = asked.length === 1;
      if (isFirst && seq === 40) {
        lab.links.at(-1)?.cut();
        throw new Error("the socket is gone");
      }
    });
  });
  const seen: number[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  clientOf(lab).followRun(
    { runId: "r" },
    { onItems: (items) => void seen.push(...items.map((item) => ("seq" in item ? item.seq : 0))), onEnd: resolve },
  );
  await ended;
  expect(asked).toEqual([0, 40]);
  expect(seen).toEqual(Array.from({ length: LAST }, (_, index) => index + 1));
  await expect.poll(() => lab.acknowledged.at(-1)).toBe(6);
});

test("only messages that the page has processed are acknowledged", async () => {
  const lab = new FakeLab((name, input) => (name === "events.subscribe" ? logFrom(input as never, () => {}) : {}));
  let takeNext = Promise.withResolvers<void>();
  let taken = 0;
  clientOf(lab).followRun(
    { runId: "r" },
    {
      async onItems() {
        await takeNext.promise;
        takeNext = Promise.withResolvers();
        taken++;
      },
    },
  );
  for (let expected = 1; expected <= 3; expected++) {
    takeNext.resolve();
    await expect.poll(() => taken).toBe(expected);
    await expect.poll(() => lab.acknowledged).toEqual(Array.from({ length: expected }, (_, index) => index + 1));
  }
});

test("while an acknowledgement is in progress only the newest message is kept for the next", async () => {
  const answers: (() => void)[] = [];
  const lab = new FakeLab((name, input) => {
    if (name === "events.subscribe") return logFrom(input as never, () => {});
    return new Promise<object>((resolve) => answers.push(() => resolve({})));
  });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  clientOf(lab).followRun({ runId: "r" }, { onItems() {}, onEnd: resolve });
  await ended;
  expect(lab.acknowledged).toEqual([1]);
  answers[0]?.();
  await expect.poll(() => lab.acknowledged).toEqual([1, 10]);
});

test("a stream that is no longer followed delivers nothing more", async () => {
  const lab = new FakeLab((name, input) => (name === "events.subscribe" ? logFrom(input as never, () => {}) : {}));
  const batches: number[] = [];
  const stop = clientOf(lab).followRun(
    { runId: "r" },
    {
      onItems(items) {
        batches.push(items.length);
        stop();
      },
    },
  );
  await expect.poll(() => batches.length).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(batches.length).toBe(1);
});

test("an unknown run is reported once, and not requested again", async () => {
  let asked = 0;
  const lab = new FakeLab(() => {
    asked++;
    throw new ORPCError("bad-input", {
      message: "no run has the id r",
      data: { hint: "see the history", problems: [] },
    });
  });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  clientOf(lab).followRun({ runId: "r" }, { onItems: () => {}, onFailure: resolve });
  expect(await promise).toMatchObject({ code: "bad-input", hint: "see the history" });
  expect(asked).toBe(1);
});

test("a call fails with the lab's message, hint and problems", async () => {
  const problems = [{ line: 3, column: 1, message: "unknown field" }];
  const lab = new FakeLab(() => {
    throw new ORPCError("bad-input", { message: "it is wrong", data: { hint: null, problems } });
  });
  const failing = clientOf(lab).call.scenarios.save({ source: "" });
  await expect(failing).rejects.toMatchObject({
    name: "LabFailure",
    code: "bad-input",
    message: "it is wrong",
    problems,
  });
});

test("a call whose connection is lost fails at once, and is not repeated", async () => {
  let calls = 0;
  const lab = new FakeLab(() => {
    calls++;
    return new Promise(() => {});
  });
  const calling = clientOf(lab).call.stack.status();
  await expect.poll(() => calls).toBe(1);
  lab.links[0]?.cut();
  await expect(calling).rejects.toMatchObject({ code: "disconnected" });
  await expect.poll(() => lab.links.length).toBe(2);
  expect(calls).toBe(1);
});

test("a call without a connection waits for one", async () => {
  const lab = new FakeLab(() => ({ answered: true }));
  const connection = clientOf(lab);
  await expect.poll(() => connection.connection.state.is).toBe("connected");
  lab.links[0]?.cut();
  await expect(connection.call.stack.status()).resolves.toEqual({ answered: true });
});

test("an unsent call reports that nothing was done; a sent one that it may still be executed", async () => {
  limits.ms = 50;
  onTestFinished(() => {
    limits.ms = 10_000;
  });
  const lab = new FakeLab(() => new Promise(() => {}));
  const sent = await clientOf(lab)
    .call.stack.halt()
    .catch((error: unknown) => error);
  expect(sent).toMatchObject({ code: "timeout", hint: expect.stringContaining("may still be executed") });
  lab.opens = false;
  const unsent = await clientOf(lab)
    .call.stack.halt()
    .catch((error: unknown) => error);
  expect(unsent).toMatchObject({ code: "disconnected", message: expect.stringContaining("nothing was done") });
  expect(unsent).not.toMatchObject({ hint: expect.stringContaining("may still be executed") });
});

test("a refused page gets the reason and does not retry", async () => {
  const lab = new FakeLab(() => ({}));
  lab.refuses = true;
  const client = clientOf(lab);
  await expect(client.call.stack.status()).rejects.toMatchObject({
    code: "disconnected",
    hint: expect.stringContaining("terminal"),
  });
  expect(client.connection.state.is).toBe("refused");
});

test("the page is notified when the connection is lost and restored", async () => {
  const lab = new FakeLab(() => ({}));
  const pauses: number[] = [];
  const connection = new Connection(lab, async (ms) => void pauses.push(ms));
  closers.push(() => connection.close());
  const states: string[] = [];
  connection.onChange(({ is }) => states.push(is));
  await expect.poll(() => states).toEqual(["connected"]);
  lab.links[0]?.cut();
  await expect.poll(() => states).toEqual(["connected", "lost", "connected"]);
  expect(pauses).toEqual([100]);
});

test("a lab is reported as gone once two attempts in a row find nothing at its address, and as running when it answers", async () => {
  const found = ["gone", "other", "gone", "gone", "other"];
  let isFirst = true;
  const transport: Transport = {
    async open(signal) {
      if (isFirst) {
        isFirst = false;
        const gone = AbortSignal.abort();
        return { gone, close() {}, link: { call: () => Promise.resolve({}) } };
      }
      const next = found.shift();
      if (next === "gone") throw new LabGone("nothing answers");
      if (next === "other") throw new Error("the socket was closed");
      return aborted(signal).then(() => Promise.reject(signal.reason));
    },
  };
  const connection = new Connection(transport, async () => {});
  closers.push(() => connection.close());
  const states: string[] = [];
  connection.onChange((state) => states.push(state.is === "lost" ? state.lab : state.is));
  await expect.poll(() => states.length).toBe(7);
  expect(states).toEqual(["connected", "unknown", "unknown", "running", "running", "gone", "running"]);
});

test("an error of a view is reported to its follower and does not affect the connection", async () => {
  const lab = new FakeLab((name, input) => (name === "events.subscribe" ? logFrom(input as never, () => {}) : {}));
  const connection = new Connection(lab);
  closers.push(() => connection.close());
  const { promise, resolve } = Promise.withResolvers<unknown>();
  process.once("unhandledRejection", resolve);
  const failures: string[] = [];
  followRun(
    connection,
    { runId: "r" },
    {
      onItems() {
        throw new Error("the view is broken");
      },
      onFailure: (failure) => failures.push(failure.message),
    },
  );
  expect(await promise).toMatchObject({ message: "the view is broken" });
  expect(failures).toEqual(["what arrived could not be shown: Error: the view is broken"]);
  expect(lab.links.length).toBe(1);
});
