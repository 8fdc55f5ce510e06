import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readXml } from "../../electron/testing/read-xml.ts";
import { TerminalLab } from "./terminal-lab.ts";

const SAMPLES = join(import.meta.dirname, "..", "..", "electron", "lab", "evaluation", "testing", "traces");
const [helm, tempo, set] = ["helm.json", "tempo_export_with_batches.json", "eval_set_helm.json"].map((name) =>
  join(SAMPLES, name),
) as [string, string, string];
const BOTH = ["--metric", "tool_trajectory_avg_score", "--metric", "response_match_score"];

describe("`evaluate`", () => {
  test("evaluates several files, with exit 0 when all passed and 1 when one did not", async (context) => {
    const lab = TerminalLab.for(context);
    const passed = await lab.run("evaluate", helm, tempo, "--eval-set", set, ...BOTH);
    expect(passed, passed.err).toMatchObject({ code: 0 });
    expect(passed.out).toMatch(/passed +response_match_score +0\.811881/);
    expect(passed.out).toContain("4 passed, 0 failed, 0 errored");
    const failed = await lab.run(
      "evaluate",
      helm,
      tempo,
      "--eval-set",
      set,
      ...BOTH,
      "--threshold",
      "response_match_score=0.7",
    );
    expect(failed.code).toBe(1);
    expect(failed.out).toContain("3 passed, 1 failed, 0 errored");
  });

  test("as JSON and as JUnit", async (context) => {
    const lab = TerminalLab.for(context);
    const json = await lab.run("evaluate", helm, "--eval-set", set, "--output", "json");
    expect(JSON.parse(json.out)).toMatchObject({
      traces: [
        {
          num_invocations: 1,
          metrics: [{ metric_name: "tool_trajectory_avg_score", score: 1, eval_status: "PASSED" }],
        },
      ],
      errors: [],
    });
    const out = join(lab.folder, "junit.xml");
    await lab.run("evaluate", tempo, "--eval-set", set, ...BOTH, "--threshold", "1", "--output", "junit", "--out", out);
    const text = readFileSync(out, "utf8");
    expect(text).toContain('tests="2" failures="1" errors="0"');
    expect(readXml(text).name).toBe("testsuites");
  });

  test("a file that is no trace is named and is not green; the others are evaluated", async (context) => {
    const lab = TerminalLab.for(context);
    const other = lab.write("notes.txt", "hello");
    const { code, out } = await lab.run("evaluate", other, helm, "--eval-set", set);
    expect(code).toBe(1);
    expect(out).toMatch(/notes\.txt\n +error: it is neither JSON nor OTLP protobuf/);
    expect(out).toContain("1 passed, 0 failed, 1 errored");
  });

  test("a file with a part that could not be read is not green, although all that was read passed", async (context) => {
    const lab = TerminalLab.for(context);
    const trace = JSON.parse(readFileSync(helm, "utf8")) as { data: { spans: object[] }[] };
    trace.data[0]?.spans.push({ operationName: "execute_tool unknown" });
    const damaged = lab.write("damaged.json", JSON.stringify(trace));
    const { code, out } = await lab.run("evaluate", damaged, "--eval-set", set);
    expect(out).toMatch(/not read: span 96 of trace \w+: it has no spanID/);
    expect(out).toContain("1 passed, 0 failed, 0 errored");
    expect(code).toBe(1);
  });

  test.each([
    [[], /specify which trace files/],
    [["x.json", "--metric", "nothing"], /there is no metric "nothing"/],
    [["x.json", "--match", "ROUGHLY"], /EXACT, IN_ORDER, ANY_ORDER/],
    [["x.json", "--eval-set", "/nowhere.json"], /nowhere\.json cannot be read/],
    [["x.json", "--threshold", "high"], /--threshold cannot be "high"/],
  ])("%j is refused with what to do", async (args, message) => {
    const lab = new TerminalLab();
    try {
      const { code, err } = await lab.run("evaluate", ...args);
      expect([code, err]).toEqual([2, expect.stringMatching(message)]);
    } finally {
      await lab.clear();
    }
  });
});

test("`traces` keeps a file in the history, which lists it as a trace, and makes a set of it that it passes", async (context) => {
  const lab = TerminalLab.for(context);
  const notes = lab.write("notes.txt", "hello");
  const opened = await lab.run("traces", "open", notes, helm);
  expect([opened.code, opened.err]).toEqual([
    1,
    expect.stringContaining("notes.txt: it is neither JSON nor OTLP protobuf"),
  ]);
  const [, run = ""] = /^stored (\S+) /.exec(opened.out) ?? [];
  const again = await lab.run("traces", "open", helm);
  expect(again, again.err).toMatchObject({ code: 0, out: expect.stringContaining(`already here ${run}`) });
  const [listed, ...others] = (await lab.run("history", "list")).out
    .split("\n")
    .filter((line) => /^[0-9a-f]{8} /.test(line));
  expect(listed).toMatch(new RegExp(`^${run.slice(0, 8)} .* trace `));
  expect(listed).not.toContain("passed");
  expect(others).toEqual([]);
  // As Jaeger and as the two versions of Tempo's API answer.
  const answers: Record<string, string> = {
    "/jaeger/api/traces/a1": readFileSync(helm, "utf8"),
    "/api/traces/b2": readFileSync(tempo, "utf8"),
    "/api/v2/traces/c3": `{"trace":${readFileSync(tempo, "utf8")},"status":"complete"}`,
  };
  const backend = createServer(({ url = "" }, response) => {
    response.writeHead(url in answers ? 200 : 404, { "content-type": "application/json" }).end(answers[url]);
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void backend.close());
  await once(backend, "listening");
  const address = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`;
  expect((await lab.run("traces", "pull", `${address}/jaeger`, "a1")).out).toContain(`already here ${run}  `);
  const pulled = await lab.run("traces", "pull", address, "b2", "d4", "c3");
  expect(pulled.out.split("\n").map((line) => line.split("  ").slice(1))).toEqual([
    [`b2 from ${address.slice(7)}`, "86 spans in 1 trace"],
    [`c3 from ${address.slice(7)}`, "86 spans in 1 trace"],
    [],
  ]);
  expect([pulled.code, pulled.err]).toEqual([1, expect.stringContaining("has no trace d4")]);
  const expected = join(lab.folder, "expected.json");
  expect((await lab.run("traces", "expected", run, "--out", expected)).code).toBe(0);
  const evaluated = await lab.run("evaluate", helm, "--eval-set", expected, ...BOTH);
  expect(evaluated.out).toContain("2 passed, 0 failed, 0 errored");
});
