import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { lastingFolder } from "../../../testing/lasting-folder.ts";
import { LabProcess } from "./testing/lab-process.ts";
import { compose, describeOnDocker, projectName } from "./testing/on-docker.ts";

/** A door that decides by the path of a request, and prints what it has decided as one JSON object a line. */
const DOOR = `
  const verdicts = { "/read": "success", "/remove": "blocked" };
  require("http").createServer((request, response) => {
    const verdict = verdicts[request.url];
    if (verdict) {
      console.log(JSON.stringify({ event: "started", tool: { name: request.url.slice(1) } }));
      console.log(JSON.stringify({ event: "decided", tool: { name: request.url.slice(1) }, verdict }));
    }
    response.writeHead(verdict === "blocked" ? 403 : 200).end();
  }).listen(8000);
  console.log("listening");
  process.on("SIGTERM", () => process.exit());
`;

const PROJECT = `services:
  door: { image: node:24-slim, command: [node, -e, ${JSON.stringify(DOOR)}], ports: ["127.0.0.1::8000"], stop_grace_period: 1s }
`;

const OVERLAY = `services: {}
x-lab:
  decisions:
    log: door
    where: { event: decided }
    fields: { tool: tool.name, decision: verdict }
    words: { success: allow, blocked: deny }
`;

const SCENARIO = `id: printed
title: What a door prints
patterns: []
steadyState: [{ service: door, is: up }]
method:
  - { http: door, path: /read }
  - { http: door, path: /remove, status: 403 }
expect:
  - decisions: [read allow, remove deny]
  - count: { decision: deny, exactly: 1 }
`;

describeOnDocker("a project whose gateway prints its decisions", () => {
  const folder = lastingFolder();
  const project = projectName();
  beforeAll(() => {
    writeFileSync(join(folder, "docker-compose.yml"), PROJECT);
    writeFileSync(join(folder, "resilience-lab.yaml"), OVERLAY);
    compose(folder, project, "up", "-d");
  });
  afterAll(() => compose(folder, project, "down", "-v", "-t", "1"));

  test("has them in the run, by a mapping beside its own file, and a check on one that it never prints is refused", async () => {
    const file = join(folder, "printed.yaml");
    writeFileSync(file, SCENARIO);
    const lab = new LabProcess();
    const { code, said } = await lab.run("run", file, "--project", project);
    expect(code, said).toBe(0);
    expect(said.match(/decision +\w+ -> \w+/g)).toEqual([
      expect.stringMatching(/read -> allow$/),
      expect.stringMatching(/remove -> deny$/),
    ]);
    writeFileSync(file, SCENARIO.replace("decision: deny", "decision: redact"));
    const refused = await lab.run("plan", file, "--project", project);
    expect(refused.said).toContain("needs the decision redact, which the log of door never reports");
    expect(refused.code).toBe(2);
  });
});
