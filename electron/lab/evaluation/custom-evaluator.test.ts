import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { identify } from "../process-identity.ts";
import { runCustomEvaluator } from "./custom-evaluator.ts";

const folder = lastingFolder();
const invocation = {
  id: "i1",
  userText: "hello",
  toolUses: [{ name: "t", arguments: { a: 1 }, id: undefined, response: "r" }],
  finalResponse: "hi",
  tokens: { input: 1, output: 2 },
  hasEnded: true,
  startUs: 0,
  endUs: 1000,
};
const INPUT = { metric: "mine", threshold: 0.7, invocations: [invocation], expected: undefined };
const { signal } = new AbortController();

function evaluator(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return file;
}

test("gets the turns as JSON by version 1.0 of the protocol, and answers with a score", async () => {
  const seen = join(folder, "seen.json");
  const file = evaluator(
    "mine.mjs",
    `import { writeFileSync } from "node:fs";
     const text = (await process.stdin.toArray()).join("");
     writeFileSync(${JSON.stringify(seen)}, text);
     console.log(JSON.stringify({ score: 0.5, status: "PASSED", per_invocation_scores: [0.5, null], details: { why: "x" } }));`,
  );
  expect(await runCustomEvaluator(file, INPUT, signal)).toEqual({
    score: 0.5,
    status: "PASSED",
    perInvocation: [0.5, null],
    details: { why: "x" },
  });
  expect(JSON.parse(readFileSync(seen, "utf8"))).toEqual({
    protocol_version: "1.0",
    metric_name: "mine",
    threshold: 0.7,
    config: {},
    invocations: [
      {
        invocation_id: "i1",
        user_content: "hello",
        final_response: "hi",
        intermediate_steps: {
          tool_calls: [{ name: "t", args: { a: 1 } }],
          tool_responses: [{ name: "t", output: "r" }],
        },
      },
    ],
    expected_invocations: null,
  });
});

test("what it leaves behind in a session of its own, with its output open, is not waited for without end, and killed", async () => {
  const pid = join(folder, "detached");
  const file = evaluator("leaves", `#!/bin/sh\nsetsid sh -c 'echo $$ > ${pid}; exec sleep 1000' & wait`);
  const running = runCustomEvaluator(file, INPUT, signal, 1_000);
  await expect(running).rejects.toThrow(/it took longer than 1 s/);
  await expect.poll(() => identify(Number(readFileSync(pid, "utf8")))).toBeUndefined();
  const orphan = evaluator("orphan", `#!/bin/sh\nsetsid sleep 5 & echo '{"score": 1}'`);
  await expect(runCustomEvaluator(orphan, INPUT, signal, 1_000)).rejects.toThrow(/it took longer than 1 s/);
});

describe("is an error", () => {
  test.each([
    ["an exit code", "#!/bin/sh\necho broken >&2; exit 3", /it ended with code 3; the end of its stderr: broken/],
    ["no answer", "#!/bin/sh\ncat >/dev/null", /it answered nothing/],
    ["text", "#!/bin/sh\necho hello", /its answer is not JSON: hello/],
    ["a score above 1", `#!/bin/sh\necho '{"score": 2}'`, /score/],
    ["an endless answer", "#!/bin/sh\nyes", /it answered more than 1 MiB/],
  ])("%s", async (name, text, message) => {
    await expect(runCustomEvaluator(evaluator(name.replaceAll(" ", "-"), text), INPUT, signal)).rejects.toThrow(
      message,
    );
  });

  test("a file that is not there", async () => {
    await expect(runCustomEvaluator(join(folder, "nobody"), INPUT, signal)).rejects.toThrow(
      /it cannot be started: .*ENOENT/,
    );
  });
});

test("one that does not end is killed with what it has started", async () => {
  const [pid, started] = [join(folder, "pid"), join(folder, "started")];
  const file = evaluator("endless", `#!/bin/sh\nsleep 1000 & echo $! > ${pid}; mv ${pid} ${started}; wait`);
  const limit = new AbortController();
  const running = runCustomEvaluator(file, INPUT, limit.signal);
  await expect.poll(() => existsSync(started)).toBe(true);
  limit.abort(new Error("cancelled"));
  await expect(running).rejects.toThrow("cancelled");
  await expect.poll(() => identify(Number(readFileSync(started, "utf8")))).toBeUndefined();
  await expect(runCustomEvaluator(file, INPUT, signal, 50)).rejects.toThrow(/it took longer than 0.05 s/);
});
