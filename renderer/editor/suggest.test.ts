import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type JsonSchema, SchemaGuide } from "./json-schema.ts";
import { suggest } from "./suggest.ts";
import { keyAt } from "./yaml-place.ts";

const schema = JSON.parse(
  readFileSync(new URL("../../scenarios/scenario.schema.json", import.meta.url), "utf8"),
) as JsonSchema;
const guide = new SchemaGuide(schema);
const names = {
  services: ["gateway", "payments-mcp"],
  links: ["gateway->payments-mcp"],
  linkFaults: ["latency"],
  serviceFaults: ["stop", "kill", "pause", "restart"],
  protections: ["capability-cache"],
};

/** Suggestions at the position of `|`. */
function offered(text: string): string[] {
  const offset = text.indexOf("|");
  const found = suggest(guide, names, text.replace("|", ""), offset);
  return found?.options.map(({ inserts }) => inserts) ?? [];
}

describe("what the editor offers", () => {
  it("offers the missing keys of a scenario", () => {
    const keys = offered("id: a\ntitle: A\n|");
    expect(keys).toContain("method: ");
    expect(keys).not.toContain("id: ");
  });

  it("marks the required keys", () => {
    const required = (text: string) =>
      suggest(guide, names, text, text.length)?.options.flatMap(({ label, isRequired }) => (isRequired ? [label] : []));
    expect(required("id: a\n")).toEqual(expect.arrayContaining(["title", "method"]));
    expect(required("id: a\n")).not.toContain("protection");
    expect(required("method:\n  - ")).toEqual([]);
  });

  it("offers keys within a word and before an existing colon", () => {
    expect(offered("id: a\nsteady|\n")).toContain("steadyState: ");
    expect(offered("id: a\nste|: []\n")).toContain("steadyState");
  });

  it("offers the steps at the start of an item", () => {
    expect(offered("method:\n  - |")).toEqual(expect.arrayContaining(["fault: ", "warm: ", "agent: "]));
    expect(offered("method:\n  |")).toEqual(expect.arrayContaining(["- fault: ", "- warm: "]));
  });

  it("offers the conditions of a steady state and their keys", () => {
    expect(offered("steadyState:\n  - |")).toEqual(expect.arrayContaining(["service: ", "call: ", "http: "]));
    expect(offered("steadyState:\n  - { call: a, | }\n")).toEqual(
      expect.arrayContaining(["arguments: ", "is: ", "within: ", "throughout: "]),
    );
    expect(offered("steadyState:\n  - { http: gateway, | }\n")).toEqual(
      expect.arrayContaining(["path: ", "status: ", "json: "]),
    );
    expect(offered("steadyState:\n  - { http: | }\n")).toEqual(names.services);
  });

  it("offers the faults that the stack's driver supports", () => {
    const faults = offered("method:\n  - fault: { | }\n");
    expect(faults).toEqual(expect.arrayContaining(["stop: ", "latency: "]));
    expect(faults).not.toContain("disconnect: ");
    const unknown = suggest(guide, { ...names, serviceFaults: [] }, "method:\n  - fault: {  }\n", 20);
    expect(unknown?.options.map(({ label }) => label)).toContain("disconnect");
  });

  it("offers only keys compatible with those of the same map", () => {
    const keys = offered("method:\n  - warm: gateway\n    |\n");
    expect(keys).toContain("background: ");
    expect(keys).not.toContain("fault: ");
  });

  it("offers the values of an enumeration, also in an inline map", () => {
    expect(offered("steadyState:\n  - { service: gateway, is: | }\n")).toContain("degraded");
    expect(offered("steadyState:\n  - service: gateway\n    is: d|\n")).toContain("down");
    expect(offered("steadyState:\n  - { service: gateway, | }\n")).toContain("throughout: ");
    expect(offered("method:\n  - warm: gateway\n    background: |\n")).toEqual(["true", "false"]);
  });

  it("offers the services, links and protections that the lab has", () => {
    expect(offered("method:\n  - fault: { stop: | }\n")).toEqual(names.services);
    expect(offered("method:\n  - fault:\n      latency: |\n")).toContain("gateway->payments-mcp");
    expect(offered("steadyState:\n  - service: |\n")).toEqual(names.services);
    expect(offered("protection: |\n")).toEqual(["capability-cache"]);
  });

  it("offers what an agent's turns are evaluated by", () => {
    expect(offered("expect:\n  - |")).toContain("evaluate: ");
    expect(offered("expect:\n  - evaluate: { | }\n")).toEqual(
      expect.arrayContaining(["metric: ", "threshold: ", "match: ", "expected: "]),
    );
    expect(offered("expect:\n  - evaluate:\n      metric: |\n")).toContain("tool_trajectory_avg_score");
    expect(offered("expect:\n  - evaluate: { match: | }\n")).toEqual(["EXACT", "IN_ORDER", "ANY_ORDER"]);
  });

  it("works in a text with errors elsewhere", () => {
    expect(offered("id: a\n  bad: 1\nsteadyState:\n  - service: gateway\n    is: |\n")).toContain("up");
    expect(offered("method:\n  - wram: gateway\n  - fault: { stop: | }\npatterns: [a, b\n")).toEqual(names.services);
    expect(offered("id: a\nid: b\nunknown: true\n|")).toContain("method: ");
  });

  it("offers nothing in a comment or in plain text", () => {
    expect(offered("# a comm|\nid: a\n")).toEqual([]);
    expect(offered("id: a\nsummary: >\n  some words h|\n")).toEqual([]);
    expect(offered("id: a\ntitle: some words h|\n")).toEqual([]);
  });
});

describe("the editor's description of a key", () => {
  const described = (text: string) => {
    const offset = text.indexOf("|");
    const key = keyAt(text.replace("|", ""), offset);
    return key === undefined ? undefined : guide.describe(key.path);
  };

  it("has the kind and the purpose", () => {
    expect(described("met|hod:\n  - warm: gateway\n")?.kind).toBe("list");
    expect(described("method:\n  - fault: { stop: gateway, fo|r: 5s }\n")).toEqual({
      kind: "duration",
      description: "undone by itself after this time (default: 10 minutes)",
    });
  });

  it("is absent for a value and for an unknown key", () => {
    expect(described("id: some|thing\n")).toBeUndefined();
    expect(described("unkn|own: 1\n")).toBeUndefined();
  });
});
