import { describe, expect, test } from "vitest";
import { OUTCOMES } from "../../model/lab-event.ts";
import { RunModel } from "../../model/run-model.ts";
import { readXml } from "../../testing/read-xml.ts";
import { decided, eventsOf, passed, sampleRun, started } from "../../testing/sample-events.ts";
import { render } from "./formats.ts";
import { compactDecisions, type ReportedDecision, type RunReport, summaryLine, toReport } from "./run-report.ts";

const good = toReport(RunModel.of(sampleRun()));
const hostile =
  "</system-out><b a=\"1\" c='2'>&amp; ]]> \u0000\u0007\u001b[31m \ufffe\uffff\ud800 | \n<script>é名</script>";

const decisionsOf = (tool: string): ReportedDecision[] => [
  { ...(good.decisions[0] as ReportedDecision), tool, decision: "allow" },
];

function report(change: Partial<RunReport>): RunReport {
  return { ...good, ...change };
}

describe("a run's report", () => {
  test("has the data of every format", () => {
    expect(good).toMatchObject({
      scenario: "mcp-crash",
      outcome: "passed",
      durationMs: 200,
      startedAt: "2023-11-14T22:13:20.010Z",
      decisions: [
        { atMs: 100, callId: "call-1", tool: "create_refund", decision: "approvalRequired", turnId: "turn-1" },
        { atMs: 120, callId: "call-1", tool: "create_refund", decision: "expired", backend: "payments" },
      ],
      calls: [
        {
          callId: "call-1",
          tool: "create_refund",
          arguments: { charge_id: "ch_1" },
          decisions: ["approvalRequired", "expired"],
          startMs: 95,
          endMs: 125,
          outcome: "refused",
        },
      ],
      steps: [{ kind: "fault", label: "fault: stop slack", outcome: "ok", error: null, startMs: 40, endMs: 80 }],
      checks: [
        { check: "policyOutcome", result: "passed", passed: true, expected: "expired", observed: "expired", why: null },
      ],
      faults: [{ kind: "stop", target: "slack", result: "restored", inForceMs: 80 }],
      warnings: ["a warning"],
    });
  });

  test("names a fault that was not undone", () => {
    const events = sampleRun().filter(({ type }) => type !== "fault.undone");
    const view = RunModel.of(events.map((event, index) => ({ ...event, seq: index + 1 })));
    expect(toReport(view).faults).toMatchObject([{ result: "not undone", inForceMs: null }]);
  });

  test("names a tool once for consecutive decisions", () => {
    const rows = ["a", "a", "b", "a"].map((tool, index) => decided({ callId: `${index}`, tool }));
    expect(compactDecisions(toReport(RunModel.of(eventsOf([started, ...rows, passed]))))).toBe(
      "a allow, allow, b allow, a allow",
    );
  });

  test("is refused for a run in progress, which has no verdict", () => {
    expect(() => toReport(RunModel.of(sampleRun().slice(0, -1)))).toThrow("the run has not ended");
  });
});

test.each(["json", "junit", "markdown"] as const)("a %s report names the machine of the containers", (format) => {
  const engine = "REMOTE tcp://build-7.example:2376";
  expect(render(format, [report({ driver: "docker", engine }), good])).toContain(engine);
  expect(render(format, [good])).not.toContain("REMOTE");
});

test("the summary counts runs and not checks", () => {
  expect(summaryLine([good])).toBe("1/1 run passed in 200 ms");
  expect(summaryLine([good, report({ outcome: "residue" }), good])).toBe("2/3 runs passed in 600 ms");
  expect(summaryLine([])).toBe("0/0 runs passed in 0 ms");
  expect(summaryLine([good, report({ outcome: "inconclusive" })])).toBe("1/2 runs passed, 1 inconclusive, in 400 ms");
});

describe("JSON", () => {
  test("is one document with the counts and every run", () => {
    const document = JSON.parse(render("json", [good, report({ outcome: "failed", reason: hostile })]));
    expect(document).toMatchObject({ passed: 1, failed: 1, inconclusive: 0 });
    expect(document.runs).toHaveLength(2);
    expect(document.runs[0]).toEqual(good);
  });
});

test("an inconclusive run is not counted as passed in JSON, is an error in JUnit, and named in Markdown", () => {
  const inconclusive = report({ outcome: "inconclusive", reason: "decisions could not be told" });
  expect(JSON.parse(render("json", [inconclusive]))).toMatchObject({ passed: 0, failed: 1, inconclusive: 1 });
  expect(readXml(render("junit", [inconclusive])).find("error")?.attributes).toEqual({
    type: "inconclusive",
    message: "decisions could not be told",
  });
  const lines = render("markdown", [inconclusive]).trimEnd().split("\n");
  expect(lines).toContain("## mcp-crash: inconclusive");
  expect(lines.at(-1)).toBe("FAILED");
});

describe("JUnit", () => {
  test("is well-formed with the same data, whatever a stack or a tool wrote", () => {
    const xml = readXml(
      render("junit", [
        report({
          scenario: hostile,
          outcome: "failed",
          reason: hostile,
          decisions: decisionsOf(hostile),
          warnings: [hostile],
          checks: [
            { check: hostile, result: "failed", passed: false, expected: hostile, observed: hostile, why: hostile },
          ],
        }),
      ]),
    );
    const shown = hostile
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what has to be written out
      .replaceAll(/[\u0000\u0007\u001b]|\p{Cs}/gu, (character) => {
        return `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
      })
      .replaceAll(/[\ufffe\uffff]/g, "\ufffd");
    const testcase = xml.find("testcase");
    expect(testcase?.attributes.name?.replaceAll(/\s/g, "")).toBe(shown.replaceAll(/\s/g, ""));
    expect(testcase?.children.map(({ name }) => name)).toEqual(["properties", "failure", "system-out"]);
    expect(xml.find("system-out")?.text).toBe(`${shown} allow`);
    expect(xml.find("failure")?.text).toContain(shown);
  });

  test("repeated runs of a scenario have a name each", () => {
    const xml = render("junit", [report({ scenario: "a" }), report({ scenario: "b" }), report({ scenario: "a" })]);
    expect([...xml.matchAll(/<testcase [^>]*? name="([^"]*)"/g)].map(([, name]) => name)).toEqual([
      "a (1 of 2)",
      "b",
      "a (2 of 2)",
    ]);
  });

  test.each(OUTCOMES)("%s: a failed scenario is a failure, any other problem an error", (outcome) => {
    const xml = readXml(render("junit", [report({ outcome, reason: "because" })]));
    const tag = { passed: undefined, failed: "failure", residue: "failure" }[
      outcome as "passed" | "failed" | "residue"
    ];
    const expected = outcome in { passed: 1, failed: 1, residue: 1 } ? tag : "error";
    const problem = xml.find("testcase")?.children.find(({ name }) => !["properties", "system-out"].includes(name));
    expect(problem?.name).toBe(expected);
    expect(problem?.attributes).toEqual(expected === undefined ? undefined : { type: outcome, message: "because" });
    expect(xml.find("testsuite")?.attributes).toMatchObject({
      tests: "1",
      failures: expected === "failure" ? "1" : "0",
      errors: expected === "error" ? "1" : "0",
      time: "0.200",
    });
  });

  test("without runs is well-formed too", () => {
    expect(readXml(render("junit", [])).find("testsuite")?.attributes.tests).toBe("0");
  });
});

describe("Markdown", () => {
  const rowsOf = (text: string) => text.split("\n").filter((line) => line.startsWith("|"));

  test("is a table of runs with the verdict last", () => {
    const text = render("markdown", [good]);
    expect(rowsOf(text)).toEqual([
      "| Scenario | Outcome | Time | Decisions | What happened |",
      "| --- | --- | --- | --- | --- |",
      "| mcp-crash | passed | 200 ms | create_refund approvalRequired, expired | Slack is down: create_refund expired without approval, the circuit opened |",
    ]);
    expect(text.trimEnd().split("\n").slice(-3)).toEqual(["1/1 run passed in 200 ms", "", "PASSED"]);
  });

  test("lists for each run that did not pass the failed checks with what was expected and observed", () => {
    const failed = report({
      outcome: "failed",
      reason: "policyOutcome: expected deny; observed allow",
      without: ["budget"],
      checks: [
        { check: "policyOutcome", result: "failed", passed: false, expected: "deny", observed: "allow", why: null },
        {
          check: "decisions",
          result: "inconclusive",
          passed: false,
          expected: "x",
          observed: "nothing",
          why: "no log",
        },
      ],
    });
    const text = render("markdown", [good, failed]);
    expect(text).toContain("- INCONCLUSIVE decisions: expected x; observed nothing; no log");
    expect(text).toContain("| mcp-crash (without budget) | failed |");
    expect(text).toContain("## mcp-crash: failed");
    expect(text).toContain("- FAILED policyOutcome: expected deny; observed allow");
    expect(text).toContain("- warning: a warning");
    expect(text.trimEnd().endsWith("FAILED")).toBe(true);
  });

  test("hostile text breaks neither the table nor the page", () => {
    const text = render("markdown", [
      report({ outcome: "failed", decisions: decisionsOf(hostile), reason: hostile, warnings: [hostile] }),
    ]);
    expect(rowsOf(text)).toHaveLength(3);
    expect(rowsOf(text)[2]?.replaceAll("\\|", "").split("|")).toHaveLength(7);
    expect(text).not.toContain("<script>");
    expect(text).not.toContain("\u001b");
  });
});

test("a long reason is printed with its repeats counted, and JSON has all of it", () => {
  const decisions = (count: number) =>
    Array.from({ length: count }, () => "list allow, list upstream_error").join(", ");
  const [expected, observed] = [decisions(5), decisions(20)];
  const failed = report({
    outcome: "failed",
    reason: `decisions: expected ${expected}; observed ${observed}`,
    checks: [{ check: "decisions", result: "failed", passed: false, expected, observed, why: null }],
  });
  const text = "decisions: expected list 5 x (allow, upstream_error); observed list 20 x (allow, upstream_error)";
  const failure = readXml(render("junit", [failed])).find("failure");
  expect(failure?.attributes.message).toBe(text);
  expect(failure?.text).toContain(`- FAILED ${text}`);
  const lines = render("markdown", [failed]).split("\n");
  expect(lines).toContain(text);
  expect(lines).toContain(`- FAILED ${text}`);
  expect(JSON.parse(render("json", [failed])).runs[0]).toEqual(failed);
});
