import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parseDocument } from "yaml";
import { labProgram } from "../../testing/lab-program.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { REFERENCE_STACK_FILE } from "../stacks/reference-stack.ts";

const LAUNCHER = labProgram("launch");

const folder = lastingFolder();
const file = join(folder, "stack.yaml");

/** The reference stack, as a gateway that the lab does not know would be described: its table is a query on a database. */
beforeAll(() => {
  const stack = parseDocument(readFileSync(REFERENCE_STACK_FILE, "utf8"));
  stack.setIn(["services", "audit-db", "x-lab", "role"], "database");
  const url = stack.getIn(["services", "audit-db", "x-lab", "endpoint"]);
  stack.setIn(["x-lab", "folder"], dirname(REFERENCE_STACK_FILE));
  stack.setIn(
    ["x-lab", "decisions"],
    stack.createNode({
      postgres: "audit-db",
      url,
      query: "SELECT id, tool_name AS tool, decision AS verdict, decided_at, arguments, turn_id FROM audit_log",
      order: "id",
      fields: { tool: "tool", decision: "verdict", at: "decided_at", arguments: "arguments", turn: "turn_id" },
    }),
  );
  writeFileSync(file, stack.toString());
});

test("a shipped scenario is judged by decisions that a query of the stack's description gives", () => {
  const environment = { ...process.env, RESILIENCE_LAB_HOME: join(folder, "home") };
  const args = [LAUNCHER, "run", "policy-holds-while-upstream-is-dead", "--stack", file, "--ports", "auto"];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env: environment });
  expect(status, `${stdout}${stderr}`).toBe(0);
  expect(stdout).toMatch(/decision +delete_customer -> deny/);
  expect(stdout).toMatch(/check +ok +decisions: delete_customer deny/);
  // The call of the steady state is no part of the run.
  expect(stdout).not.toContain("list_recent_charges -> allow");
});
