import { expect, test } from "vitest";
import { recogniseFile } from "./recognise-file.ts";

const SCENARIO = "id: a\ntitle: A\npatterns: []\nsteadyState: []\nmethod: []\nexpect: []\n";
const COMPOSE = "services:\n  api:\n    image: node:24-slim\n";

test.each<[string, string, RegExp]>([
  [
    "a Chaos Toolkit experiment",
    '{ "title": "x", "steady-state-hypothesis": { "title": "y", "probes": [] }, "method": [], "rollbacks": [] }',
    /^this is a Chaos Toolkit experiment; write its method as the steps of a scenario/,
  ],
  [
    "one in YAML, without a hypothesis",
    "title: x\nmethod:\n  - type: action\n    name: y\n    provider: { type: process, path: z }\n",
    /^this is a Chaos Toolkit experiment/,
  ],
  [
    "a Jaeger trace",
    '{"data":[{"traceID":"a","spans":[{"traceID":"a","spanID":"b","operationName":"c"}],"processes":{}}]}',
    /^this is a Jaeger trace/,
  ],
  ["an OTLP trace", '{"resourceSpans":[{"resource":{},"scopeSpans":[]}]}', /^this is an OTLP trace/],
  ["a HAR file", '{"log":{"version":"1.2","entries":[]}}', /^this is a HAR file/],
  ["a trace of Chrome", '{"traceEvents":[{"ph":"X","ts":1}]}', /^this is a trace of Chrome/],
  ["a Zipkin trace", '[{"traceId":"a","id":"b","localEndpoint":{"serviceName":"x"}}]', /^this is a Zipkin trace/],
  ["a Chaos Mesh manifest", "apiVersion: chaos-mesh.org/v1alpha1\nkind: PodChaos\n", /^this is a Chaos Mesh manifest/],
  ["a Kubernetes manifest", "apiVersion: v1\nkind: Pod\n", /^this is a Kubernetes manifest/],
  ["a JUnit report", '<?xml version="1.0"?>\n<testsuites></testsuites>\n', /^this is a JUnit report/],
  ["an HTML page", "<!DOCTYPE html><html></html>", /^this is an HTML page/],
  ["a zip", "PK\u0003\u0004rest", /^this is a zip file; a bundle of runs is read by `bundle import FILE`/],
  ["an eval set", '{"eval_set_id":"x","eval_cases":[]}', /^this is an ADK eval set/],
  ["a policy", "rules:\n  - { tool: x, action: allow }\ndefaultAction: deny\n", /^this is a gateway policy/],
  ["a compose file", COMPOSE, /^this is a compose file; it is given as --stack FILE/],
])("%s is named where a scenario is expected", (_what, text, message) => {
  expect(recogniseFile(text, "scenario")).toMatch(message);
});

test("a scenario or a suite is named where a compose file is expected", () => {
  expect(recogniseFile(SCENARIO, "compose file")).toMatch(/^this is a scenario; it is given to `run`/);
  expect(recogniseFile("cases:\n  - name: a\n    input: b\n", "compose file")).toMatch(/^this is a ToolGate suite/);
});

test("what is expected, and what is not known, is left to its own problems", () => {
  expect(recogniseFile(SCENARIO, "scenario")).toBeUndefined();
  expect(recogniseFile(COMPOSE, "compose file")).toBeUndefined();
  expect(recogniseFile("hello\n", "scenario")).toBeUndefined();
});
