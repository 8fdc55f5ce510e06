import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { loadStack } from "../stacks/stack-file.ts";
import { callSources } from "./call-sources.ts";
import { loadText } from "./load.ts";
import { stackProblems } from "./stack-problems.ts";

function stackOf(text: string) {
  const file = join(temporaryFolder(), "compose.yaml");
  writeFileSync(file, text);
  return loadStack(file, {});
}

const stack = () =>
  stackOf(`services:
  pay: { image: x, x-lab: { role: mcp-server, probe: { tcp: true }, tools: [refund, list] } }
  gate: { image: x, x-lab: { role: gateway, probe: { tcp: true }, protections: { environment: OFF, names: [budget] } } }
  audit: { image: x, x-lab: { role: audit-log, probe: { tcp: true } } }
x-lab:
  links: [{ name: gate->pay, listen: "p:1", upstream: "pay:2" }]
`);

const problemsOn = (text: string, on = stack()) =>
  stackProblems(loadText(text, "s.yaml"), on).map(({ line, column, message }) => `${line}:${column} ${message}`);

test("a scenario that names only what the stack has is without problems", () => {
  expect(
    problemsOn(`id: a
title: A
patterns: []
protection: budget
steadyState: [{ service: gate, is: up }, { call: list, is: ok }]
method: [{ fault: { latency: gate->pay, by: 1s } }, { call: refund }, { undo: gate->pay }]
expect: [{ mustNotInclude: [delete] }, { count: { decision: allow, tool: other, exactly: 0 } }]
`),
  ).toEqual([]);
});

test("each name that the stack does not have is a problem where it is written", () => {
  expect(
    problemsOn(`id: a
title: A
patterns: []
protection: cache
steadyState:
  - { service: gateway, is: up }
  - { call: lst, is: ok }
method:
  - fault: { stop: payments }
  - fault: { http_status: pay->gate, status: 500, match: { tool: refnd } }
  - agent: Refund it.
  - approve: refund
  - wait: { decision: allow, tool: lits }
  - check: { http: slack, path: /, json: {} }
expect:
  - mustInclude: [list, refundd]
  - decisions: [list allow, refund_all deny]
  - faultHit: { link: gate->db }
`),
  ).toEqual([
    '4:13 the stack has no protection called "cache"; it has: budget',
    '6:16 the stack has no service called "gateway"; it has: pay, gate, audit',
    '7:13 the stack has no tool called "lst"; it has: refund, list',
    '9:20 the stack has no service called "payments"; it has: pay, gate, audit',
    '10:27 the stack has no link called "pay->gate"; it has: gate->pay',
    '10:66 the stack has no tool called "refnd"; it has: refund, list',
    "11:12 this needs a service whose x-lab role is agent; the stack has none",
    "12:14 this needs a service whose x-lab role is approval-channel; the stack has none",
    '13:36 the stack has no tool called "lits"; it has: refund, list',
    '14:20 the stack has no service called "slack"; it has: pay, gate, audit',
    '16:25 the stack has no tool called "refundd"; it has: refund, list',
    '17:29 the stack has no tool called "refund_all"; it has: refund, list',
    '18:23 the stack has no link called "gate->db"; it has: gate->pay',
  ]);
});

test("in a suite, at the field of the case", () => {
  const text = "cases:\n  - { name: a, input: x }\n  - name: b\n    input: y\n    mustInclude: [list, lits]\n";
  expect(problemsOn(text)).toEqual([
    "2:5 this needs a service whose x-lab role is agent; the stack has none",
    "3:5 this needs a service whose x-lab role is agent; the stack has none",
    '5:25 the stack has no tool called "lits"; it has: refund, list',
  ]);
});

test("tools are not judged on a stack that declares none", () => {
  const bare = stackOf("services: { gate: { image: x, x-lab: { role: gateway, probe: { tcp: true } } } }\n");
  const text =
    "id: a\ntitle: A\npatterns: []\nsteadyState: [{ call: x, is: ok }]\nmethod: [{ call: y }]\nexpect: [{ within: 1s }]\n";
  expect(problemsOn(text, bare)).toEqual([]);
});

const bare = () =>
  stackOf(`services:
  client: { image: x, x-lab: { role: agent, probe: { tcp: true } } }
  gate: { image: x, x-lab: { role: gateway, probe: { tcp: true } } }
  pay: { image: x, x-lab: { role: mcp-server, probe: { tcp: true } } }
x-lab:
  links: [{ name: client->gate, port: 1 }, { name: gate->pay, port: 2 }]
`);
const scenarioWith = (lines: string): string => `id: a
title: A
patterns: []
steadyState: [{ service: gate, is: up }]
${lines}
`;

test("what a check reads and the stack does not tell is a problem where it is written", () => {
  const lines = `method: [{ wait: { rows: 1 } }, { check: { policyOutcome: allow } }]
expect:
  - within: 1s
  - mustInclude: [pay]
  - count: { decision: deny, exactly: 0 }
  - ratio: { of: error, to: ok, atMost: 1 }`;
  const decisions =
    "it needs decisions, and nothing in the stack records them: no service has the role audit-log, and x-lab.decisions names no other record";
  const calls =
    "it counts calls, and nothing reports any: the stack records no decisions, and the scenario makes no call and observes no link; add observe: [caller->callee]";
  expect(problemsOn(scenarioWith(lines), bare())).toEqual([
    `5:10 ${decisions}`,
    `5:33 ${decisions}`,
    `8:5 ${calls}`,
    `9:5 ${decisions}`,
    `10:5 ${calls}`,
  ]);
});

test.each([
  "observe: [client->gate]\nmethod: [{ wait: 1s }]",
  "observe: [{ link: gate->pay, bodies: true }]\nmethod: [{ wait: 1s }]",
  "method: [{ call: pay }]",
  "method: [{ storm: pay, times: 2 }]",
])("calls are told by %j", (lines) => {
  expect(problemsOn(scenarioWith(`${lines}\nexpect: [{ mustInclude: [pay] }]`), bare())).toEqual([]);
});

test("a link to observe that the stack does not have is a problem", () => {
  const lines = "observe: [gate->nobody]\nmethod: [{ call: pay }]\nexpect: [{ within: 1s }]";
  expect(problemsOn(scenarioWith(lines), bare())).toEqual([
    '5:11 the stack has no link called "gate->nobody"; it has: client->gate, gate->pay',
  ]);
});

test("calls are counted once: those of the scenario and on links to the gateway, else on all links that are read", () => {
  const linksOf = (lines: string) => {
    const [loaded] = loadText(scenarioWith(`${lines}\nexpect: [{ within: 1s }]`), "s.yaml");
    return loaded === undefined ? undefined : callSources(loaded.scenario, bare()).links;
  };
  expect(linksOf("observe: [client->gate, gate->pay]\nmethod: [{ wait: 1s }]")).toEqual(["client->gate"]);
  expect(linksOf("observe: [gate->pay]\nmethod: [{ wait: 1s }]")).toEqual(["gate->pay"]);
  expect(linksOf("observe: [gate->pay]\nmethod: [{ call: pay }]")).toEqual([]);
});

test("a check that needs what the stack's record of decisions never reports is a problem where it is written", () => {
  const mapped = stackOf(`services:
  gate: { image: x, x-lab: { role: gateway, probe: { tcp: true } } }
x-lab:
  decisions:
    log: gate
    fields: { tool: tool, decision: outcome }
    words: { failed: upstream_error, done: allow }
`);
  const checks = (text: string) =>
    problemsOn(
      `id: a\ntitle: A\npatterns: []\nsteadyState: [{ service: gate, is: up }]\nmethod: [{ call: pay }]\nexpect:\n${text}`,
      mapped,
    );
  expect(
    checks(`  - decisions: [pay allow, pay upstream_error]
  - count: { decision: allow, exactly: 1 }
  - count: { calls: error, exactly: 0 }
  - mustInclude: [pay]
`),
  ).toEqual([]);
  const never = (decision: string) =>
    `it needs the decision ${decision}, which the log of gate never reports: x-lab.decisions.words has no word for it`;
  expect(
    checks(`  - decisions: [pay allow, pay expired]
  - count: { decision: deny, exactly: 0 }
  - policyOutcome: redact
  - mustNotContainInArgs: [secret]
`),
  ).toEqual([
    `7:5 ${never("expired")}`,
    `8:5 ${never("deny")}`,
    `9:5 ${never("redact")}`,
    "10:5 it needs arguments, which the log of gate does not report: x-lab.decisions.fields names none",
  ]);
});
