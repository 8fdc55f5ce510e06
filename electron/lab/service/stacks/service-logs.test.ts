import { expect, onTestFinished, test } from "vitest";
import type { LogLine } from "../../stacks/log-tail.ts";
import type { RunningStack } from "../../stacks/running-stack.ts";
import { ServiceLogs } from "./service-logs.ts";

/** A stack whose services print what the test says. */
function printing(earlier: string[]) {
  let take: (line: LogLine) => void = () => {};
  let closed = 0;
  const running = {
    stack: { services: [{ environment: { GATEWAY_TOKEN: "a-token-of-theirs-42" } }] },
    followLogs: (given: typeof take) => {
      take = given;
      return { close: async () => void closed++ };
    },
    lastLines: async () => earlier,
  } as unknown as RunningStack;
  const logs = new ServiceLogs(() => running);
  onTestFinished(() => logs.close());
  const print = (line: string, service = "gateway") => take({ service, stream: "stderr", line });
  return { logs, running, print, closed: () => closed };
}

const linesOf = ({ lines }: { lines: { line: string }[] }) => lines.map(({ line }) => line);

test("what was printed before comes first, then what follows, each once and without secrets", async () => {
  const { logs, print } = printing(["one", "two"]);
  const first = await logs.read({ service: "gateway", after: null });
  expect(linesOf(first)).toEqual(["one", "two"]);
  const next = logs.read({ service: "gateway", after: first.last });
  print("of another service", "agent");
  print("sent a-token-of-theirs-42");
  const second = await next;
  expect(linesOf(second)).toEqual([expect.stringMatching(/^sent \[redacted: /)]);
  expect(second.lines[0]?.stream).toBe("stderr");
});

test("what is printed while the earlier lines are read is not shown twice", async () => {
  const earlier = ["one"];
  const { logs, print } = printing(earlier);
  const reading = logs.read({ service: "gateway", after: null });
  await Promise.resolve();
  print("two");
  earlier.push("two");
  expect(linesOf(await reading)).toEqual(["one", "two"]);
});

test("a service that the stack does not have, and a stack that is not up, are errors each time", async () => {
  const unknown = { ...printing([]).running, lastLines: () => Promise.reject(new Error("no service called nobody")) };
  const logs = new ServiceLogs(() => unknown as unknown as RunningStack);
  onTestFinished(() => logs.close());
  for (let at = 0; at < 2; at++) {
    await expect(logs.read({ service: "nobody", after: null })).rejects.toThrow("no service called nobody");
  }
  const down = new ServiceLogs(() => undefined);
  onTestFinished(() => down.close());
  await expect(down.read({ service: "gateway", after: 7 })).rejects.toThrow("the stack is not up");
});

test("older lines are dropped and counted", async () => {
  const { logs, print } = printing([]);
  await logs.read({ service: "gateway", after: null });
  for (let at = 0; at < 2_100; at++) print(`line ${at}`);
  const page = await logs.read({ service: "gateway", after: 0 });
  expect(page.dropped).toBe(100);
  expect(linesOf(page).slice(0, 1)).toEqual(["line 100"]);
});

test("a request that waits ends with the lab and with the window, and nothing is followed any more", async () => {
  const { logs, closed } = printing(["one"]);
  const { last } = await logs.read({ service: "gateway", after: null });
  const gone = new AbortController();
  const left = logs.read({ service: "gateway", after: last }, gone.signal);
  gone.abort();
  expect(linesOf(await left)).toEqual([]);
  const waiting = logs.read({ service: "gateway", after: last });
  await Promise.resolve();
  await logs.close();
  expect(linesOf(await waiting)).toEqual([]);
  expect(closed()).toBe(1);
});
