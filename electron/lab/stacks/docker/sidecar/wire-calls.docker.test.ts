import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../../testing/temporary-folder.ts";
import { PROJECT_FOLDER } from "../../../version.ts";
import { LabProcess } from "../testing/lab-process.ts";
import { CALLER_COMMAND, type LinkedProject, sharedProject } from "../testing/linked-project.ts";
import { describeOnDocker } from "../testing/on-docker.ts";

const KILLABLE_LAB = join(PROJECT_FOLDER, "electron", "testing", "killable-lab.ts");
const LINK = "caller->tools";

/** Answers a JSON-RPC call by a result; of the tool `broken`, by the tool's own error. */
const MCP_SERVER = `const http = require("http");
http.createServer(async (request, reply) => {
  let text = "";
  for await (const part of request) text += part;
  const { id = null, params } = text === "" ? {} : JSON.parse(text);
  const result = { content: [], ...(params?.name === "broken" && { isError: true }) };
  reply.setHeader("content-type", "application/json").end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}).listen(8000);
process.on("SIGTERM", () => process.exit(0));`;

const PROJECT = `services:
  caller:
    image: node:24-slim
    command: ${CALLER_COMMAND}
    environment: { CALLEE: "http://tools:8000/mcp" }
    ports: ["127.0.0.1::8000"]
    stop_grace_period: 1s
  tools:
    image: node:24-slim
    command: [node, -e, ${JSON.stringify(MCP_SERVER)}]
    stop_grace_period: 1s
`;

const through = { http: "caller", path: "/call" };
const callOf = (name: string) => ({
  ...through,
  method: "POST",
  json: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: {} } },
});

function scenarioOn(project: LinkedProject, method: readonly object[], expected: readonly object[]): string {
  const file = join(project.folder, "scenario.yaml");
  // The caller's connection is reset once, before the method.
  const steadyState = [{ service: "caller", is: "up" }, through];
  const scenario = { id: "wire", title: "Wire", patterns: [], observe: [LINK], steadyState, method, expect: expected };
  writeFileSync(file, JSON.stringify(scenario));
  return file;
}

describeOnDocker("calls on a link of a project that knows nothing of the lab", () => {
  const shared = sharedProject(PROJECT);

  test("are printed, counted and checked with nothing armed, and nothing differs afterwards", async () => {
    const project = shared();
    expect(await project.call()).toMatchObject({ status: 200 });
    const before = project.state();
    const file = scenarioOn(
      project,
      [
        callOf("pay"),
        callOf("broken"),
        { fault: { http_status: LINK, status: 503 } },
        callOf("pay"),
        { undo: "all" },
        callOf("refund"),
      ],
      [
        { trajectory: { tools: ["pay", "broken", "pay", "refund"], match: "EXACT" } },
        { count: { calls: "ok", exactly: 2 } },
        { count: { calls: "error", tool: "pay", exactly: 1 } },
        { mustNotInclude: ["delete"] },
      ],
    );
    const lab = new LabProcess({ RESILIENCE_LAB_HOME: temporaryFolder() });
    const { code, said } = await lab.run("run", file, "--project", project.name);
    expect(code, said).toBe(0);
    expect(
      said.match(/ call +caller->tools .*/g)?.map((line) => line.replace(/after .*? {2}|after .*/, "after")),
    ).toEqual([
      " call      caller->tools pay ok after",
      " call      caller->tools broken error afterthe tool answered with an error",
      " call      caller->tools pay error afterHTTP 503",
      " call      caller->tools refund ok after",
    ]);
    expect(project.state()).toBe(before);
  });

  test("are no longer read once the lab was killed, and nothing of it is left", async () => {
    const project = shared();
    const before = project.state();
    const killed = new LabProcess(
      { RESILIENCE_LAB_HOME: temporaryFolder(), LAB_KILL_POINT: "after the apply" },
      [],
      KILLABLE_LAB,
    );
    const { code, said } = await killed.run(
      "run",
      scenarioOn(project, [through], [{ within: "5m" }]),
      "--project",
      project.name,
    );
    expect(code, said).toBeNull();
    await killed.ended();
    expect(project.state()).toBe(before);
  });
});
