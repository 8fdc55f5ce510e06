import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { loadFile, loadFolder, loadText, resolveScenarios } from "./load.ts";

const SCENARIOS_FOLDER = join(import.meta.dirname, "..", "..", "..", "scenarios");

const scenarioText = (id: string) => `id: ${id}
title: A title
patterns: []
steadyState: [{ service: gateway, is: up }]
method: [{ warm: gateway }]
expect: [{ within: 5s }]
`;

describe("a scenario", () => {
  test("is loaded with its text and its file, so that a run can be repeated after the file has changed", () => {
    const source = scenarioText("one");
    const [loaded, ...more] = loadText(source, "one.yaml");
    expect(more).toEqual([]);
    expect(loaded).toMatchObject({ file: "one.yaml", source, scenario: { id: "one", expect: [{ within: 5_000 }] } });
  });

  test.each([
    ["an invalid id", "id: one", "id: One Two", /1:5: id: expected words in lower case joined by hyphens/],
    ["a step of no kind", "warm: gateway", "wram: gateway", /5:10: method\[0\]: a step needs exactly one of: warm, /],
    ["a step of two kinds", "warm: gateway", "warm: gateway, call: x", /5:10: method\[0\]: a step needs exactly one/],
    [
      "a fault of no kind",
      "warm: gateway",
      "fault: { explode: gateway }",
      /method\[0\]\.fault: a fault needs exactly one/,
    ],
    ["a fault without a target", "warm: gateway", "fault: ", /method\[0\]\.fault: a fault needs exactly one/],
    ["a check of no kind", "within: 5s", "witin: 5s", /6:10: expect\[0\]: a check needs exactly one of: mustInclude/],
    ["a duration without a unit", "within: 5s", "within: 5", /6:20: .*expected a duration such as 500ms, 5s or 1m30s/],
    [
      "a duration longer than a fault may last",
      "within: 5s",
      "within: 25h",
      /6:20: .*expected a duration of at most 24h/,
    ],
    [
      "a health that is none",
      "is: up",
      "is: well",
      /4:39: steadyState\[0\]\.is: expected "up", "degraded", "down" or "unknown"/,
    ],
    [
      "a decision that is none",
      "within: 5s",
      "decisions: [x alow]",
      /expect\[0\]\.decisions\[0\]: expected "tool decision"/,
    ],
    [
      "a count that cannot fail",
      "within: 5s",
      "count: { decision: allow }",
      /expect\[0\]\.count: needs exactly, atLeast or/,
    ],
    ["an answer that cannot fail", "within: 5s", "answer: {}", /expect\[0\]\.answer: needs contains or lacks/],
    ["no steps", "[{ warm: gateway }]", "[]", /5:9: method: /],
    ["no checks", "[{ within: 5s }]", "[]", /6:9: expect: /],
    [
      "a call that is expected to fail",
      "service: gateway, is: up",
      "call: a, is: deny",
      /4:30: steadyState\[0\]\.is: expected "ok"/,
    ],
    [
      "a call with an unknown field",
      "service: gateway, is: up",
      "call: a, is: ok, when: 1s",
      /steadyState\[0\]: unknown field "when"/,
    ],
    ["an answer without a path", "service: gateway, is: up", "http: gateway", /steadyState\[0\]\.path: /],
    [
      "a steady state of an unknown kind",
      "service: gateway, is: up",
      "well: yes",
      /4:15: steadyState\[0\]: a steady state is one of \{service, is\}, \{call, is: ok\} or \{http, path\}/,
    ],
    ["no steady state", "[{ service: gateway, is: up }]", "[]", /4:14: steadyState: /],
    ["a storm without end", "warm: gateway", "storm: x, times: 1000000000", /method\[0\]\.times: /],
    [
      "a wait for nothing",
      "warm: gateway",
      "wait: { for: ever }",
      /method\[0\]\.wait: wait for a duration, \{service, is\}/,
    ],
  ])("with %s is refused where it stands", (_what, good, bad, message) => {
    const text = scenarioText("one");
    expect(text).toContain(good);
    expect(() => loadText(text.replace(good, bad), "s.yaml")).toThrow(message);
  });
});

describe("a ToolGate suite", () => {
  const suite = `
cases:
  - name: Refund needs approval
    input: create-refund
    mustInclude: [list_recent_charges, create_refund]
    mustNotInclude: [delete_customer]
    mustNotContainInArgs: ["4242"]
    policyOutcome: expired
  - name: "PII: e-mail!"
    input: pii-message
`;

  test("becomes one scenario for each case: the agent is asked once, and the audit log judged", () => {
    const [refund, pii, ...more] = loadText(suite, "/evals/demo suite.yaml").map(({ scenario }) => scenario);
    expect(more).toEqual([]);
    expect(refund).toMatchObject({
      id: "demo-suite-refund-needs-approval",
      title: "Refund needs approval",
      reading: "toolgate",
      steadyState: [],
      method: [{ agent: "create-refund" }],
      expect: [
        { mustInclude: ["list_recent_charges", "create_refund"] },
        { mustNotInclude: ["delete_customer"] },
        { mustNotContainInArgs: ["4242"] },
        { policyOutcome: "expired" },
      ],
    });
    expect(pii).toMatchObject({ id: "demo-suite-pii-e-mail", expect: [] });
  });

  test("is accepted with unknown fields, at the top and in a case", () => {
    const extra = `version: 2\nbaseline: { runs: 3 }\n${suite}    baseline:\n      passRate: 0.9\n    tags: [a]\n`;
    expect(loadText(extra, "suite.yaml").map(({ scenario }) => scenario)).toEqual(
      loadText(suite, "suite.yaml").map(({ scenario }) => scenario),
    );
  });

  test("may leave a field's value out, as ToolGate reads it: nothing is expected", () => {
    const text = "cases:\n  - name: a\n    input: x\n    mustInclude:\n    mustNotInclude: []\n    policyOutcome:\n";
    expect(loadText(text, "suite.yaml")[0]?.scenario.expect).toEqual([]);
  });

  test.each([
    [
      "a case without input",
      "cases:\n  - name: a\n",
      /s\.yaml:2:5: cases\[0\]\.input: expected text, but it is missing/,
    ],
    ["a name that is empty", 'cases:\n  - name: ""\n    input: x\n', /s\.yaml:2:11: cases\[0\]\.name: /],
    [
      "an outcome that is none",
      "cases:\n  - { name: a, input: x, policyOutcome: alow }\n",
      /policyOutcome: expected "allow", "deny"/,
    ],
    [
      "a list that is none",
      "cases:\n  - { name: a, input: x, mustInclude: y }\n",
      /2:39: cases\[0\]\.mustInclude: expected a list, found text/,
    ],
    ["no case", "cases: []\n", /s\.yaml:1:8: cases: /],
    ["cases that are no list", "cases: { a: 1 }\n", /s\.yaml:1:8: cases: expected a list, found a map of fields/],
  ])("with %s is refused where it stands", (_what, text, message) => {
    expect(() => loadText(text, "s.yaml")).toThrow(message);
  });
});

describe("an argument of the command line", () => {
  const idsOf = (names: readonly string[]) => {
    const shipped = temporaryFolder();
    writeFileSync(join(shipped, "a.yaml"), scenarioText("shipped-one"));
    writeFileSync(join(shipped, "b.yaml"), scenarioText("shipped-two"));
    // Not parsed unless it is named: it would be refused.
    writeFileSync(join(shipped, "c.yaml"), "id: shipped-three\n");
    return resolveScenarios(names, shipped).map(({ scenario }) => scenario.id);
  };

  test("may be the id of each shipped scenario", () => {
    const shipped = loadFolder(SCENARIOS_FOLDER);
    const ids = shipped.map(({ scenario }) => scenario.id);
    expect(resolveScenarios(ids, SCENARIOS_FOLDER)).toEqual(shipped);
  });

  test("may be an id, a file or a folder, in any mix and order", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "b.yml"), scenarioText("b"));
    writeFileSync(join(folder, "a.yaml"), scenarioText("a"));
    writeFileSync(join(folder, "notes.txt"), "not a scenario");
    expect(idsOf(["shipped-two", folder, join(folder, "b.yml"), "shipped-one"])).toEqual([
      "shipped-two",
      "a",
      "b",
      "b",
      "shipped-one",
    ]);
  });

  test("may have its ending in capitals; hidden files are copies that other programs keep", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "A.YAML"), scenarioText("a"));
    writeFileSync(join(folder, "b.Yml"), scenarioText("b"));
    writeFileSync(join(folder, "._A.yaml"), "\u0000\u0005\u0016\u0007");
    expect(idsOf([folder])).toEqual(["a", "b"]);
  });

  test("may not give one id to two files: the history knows a scenario by it", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.yaml"), scenarioText("same"));
    writeFileSync(join(folder, "b.yaml"), scenarioText("same"));
    const message = /b\.yaml:1:5: the id "same" is used in .*a\.yaml too; give one another id$/;
    expect(() => idsOf([folder])).toThrow(message);
    expect(() => idsOf([join(folder, "a.yaml"), join(folder, "b.yaml")])).toThrow(message);
    expect(idsOf([join(folder, "a.yaml"), join(folder, "a.yaml")])).toEqual(["same", "same"]);
  });

  test("that another tool wrote is named, also when it is larger than a scenario may be, or no text", () => {
    const folder = temporaryFolder();
    const write = (name: string, content: string | Buffer) => {
      writeFileSync(join(folder, name), content);
      return [join(folder, name)];
    };
    const trace = '{"resourceSpans":[]}';
    expect(() => idsOf(write("trace.json", trace))).toThrow(/trace\.json:1:1: this is an OTLP trace; /);
    expect(() => idsOf(write("large.json", trace + " ".repeat(2 * 1024 * 1024)))).toThrow(/this is an OTLP trace; /);
    expect(() => idsOf(write("runs.zip", Buffer.from("504b0304ffff", "hex")))).toThrow(/this is a zip file; .*import/);
    expect(() => idsOf(write("compose.yaml", "services: { a: { image: x } }\n"))).toThrow(/a compose file; .*--stack/);
  });

  test("that is none of these is an error that lists the shipped scenarios", () => {
    expect(() => idsOf(["none"])).toThrow('no scenario is called "none", and there is no such file');
    expect(() => idsOf(["none"])).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("shipped-one, shipped-two") }),
    );
    expect(() => idsOf(["none.yaml"])).toThrow("none.yaml cannot be read: ENOENT");
  });

  test("that is a file of another kind, or a folder without scenarios, is an error", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "notes.txt"), "not a scenario");
    mkdirSync(join(folder, "empty"));
    expect(() => idsOf([join(folder, "notes.txt")])).toThrow(/notes\.txt:1:1: expected a map of fields/);
    expect(() => idsOf([join(folder, "empty")])).toThrow("there is no scenario");
  });

  test("one invalid file in a folder is an error for all of them", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.yaml"), scenarioText("a"));
    writeFileSync(join(folder, "b.yaml"), "id: b\n");
    expect(() => loadFolder(folder)).toThrow(/b\.yaml:1:1: title: expected text, but it is missing/);
  });
});

describe("the shipped scenarios", () => {
  const shipped = loadFolder(SCENARIOS_FOLDER);

  test("are all valid, each with an id, a summary, patterns and a reference to the schema in its first line", () => {
    expect(shipped.length).toBeGreaterThanOrEqual(11);
    expect(new Set(shipped.map(({ scenario }) => scenario.id)).size).toBe(shipped.length);
    for (const { scenario, source, file } of shipped) {
      expect(scenario.summary, file).toBeTruthy();
      expect(scenario.patterns, file).not.toEqual([]);
      expect(source.split("\n")[0], file).toBe("# yaml-language-server: $schema=./scenario.schema.json");
      expect(loadFile(file)).toHaveLength(1);
    }
  });

  test("the three of the resilience demo come first", () => {
    expect(shipped.slice(0, 3).map(({ scenario }) => scenario.id)).toEqual([
      "mcp-crash",
      "retry-storm",
      "approval-timeout",
    ]);
  });
});

test.each(loadFolder(SCENARIOS_FOLDER).map(({ scenario }) => [scenario.id, scenario] as const))(
  "%s is narrated: an opening, a closing, and most of its steps, in sentences that fit a screen",
  (_id, { opening = "", closing = "", method }) => {
    const said = method.flatMap(({ say }) => say ?? []);
    expect(said.length).toBeGreaterThanOrEqual(Math.ceil(method.length / 2));
    for (const sentence of [opening, closing, ...said]) {
      expect(sentence).toMatch(/^[A-Z].*[.?]$/);
      expect(sentence.length).toBeLessThanOrEqual(100);
    }
  },
);
