import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { copyLintRules } from "../testing/copy-lint-rules.ts";
import { labEvent } from "./lab-event.ts";

const PROJECT = join(import.meta.dirname, "../..");
const TYPES = labEvent.options.map((option) => option.shape.type.value);
const COMPARISON = 'if (event.type === "run.ended") take(event);\n';

const VIOLATIONS: [what: string, file: string, text: string][] = [
  ["in a switch", "renderer/switch.ts", 'switch (event.type) {\n  case "run.ended":\n    take(event);\n}\n'],
  ["in a table", "renderer/table.ts", 'export const LOOKS = { "call.decided": "blue" };\n'],
  ["in a list", "renderer/list.ts", 'export const IS_ERROR = ["step.ended"].includes(type);\n'],
  ["in single quotes", "renderer/quotes.ts", "if ('run.ended' !== event.type) take(event);\n"],
  ["in a template", "renderer/template.ts", "if (event.type === `run.ended`) take(event);\n"],
  ["given to a function", "renderer/argument.ts", 'take("fault.hit");\n'],
  ["in the engine", "electron/lab/reports/planted.ts", COMPARISON],
  ["in a host", "electron/hosts/terminal/planted.ts", COMPARISON],
  ["in a component", "renderer/runs/planted.tsx", COMPARISON],
];
const ALLOWED: typeof VIOLATIONS = [
  ["where an event is made", "electron/lab/scenarios/made.ts", 'log.append({ type: "run.ended", outcome });\n'],
  ["in a type", "renderer/type.ts", 'export type End = EventOf<"run.ended">;\n'],
  ["in a word with the same beginning", "renderer/word.ts", 'if (event.type === "run.ended-badly") take(event);\n'],
  ["in the model", "electron/model/planted.ts", COMPARISON],
  ["in a test", "renderer/planted.test.ts", COMPARISON],
];
const ALL_TYPES = "renderer/all-types.ts";

/** A project with the real settings and rule, and these files. */
let folder = "";
const found = new Map<string, number>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "event-types-"));
  const plant = (file: string, text: string) => {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const settings = JSON.parse(readFileSync(join(PROJECT, "biome.json"), "utf8"));
  plant("biome.json", JSON.stringify({ ...settings, vcs: { enabled: false } }));
  for (const [, file, text] of [...VIOLATIONS, ...ALLOWED]) plant(file, text);
  plant(ALL_TYPES, TYPES.map((type) => `if (event.type === "${type}") take(event);\n`).join(""));
  copyLintRules(folder);
  const biome = join(PROJECT, "node_modules/@biomejs/biome/bin/biome");
  const { stdout, stderr, error } = spawnSync(
    process.execPath,
    [biome, "lint", "--colors=off", "--max-diagnostics=none", "."],
    { cwd: folder, encoding: "utf8" },
  );
  if (error !== undefined) throw error;
  for (const [, file = ""] of `${stdout}${stderr}`.matchAll(/^(\S+?):\d+:\d+ plugin /gm)) {
    found.set(file, (found.get(file) ?? 0) + 1);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a comparison of event types outside the model is found", () => {
  test("for every type of event there is", () => expect(found.get(ALL_TYPES)).toBe(TYPES.length));
  test.each(VIOLATIONS)("%s", (_what, file) => expect(found.get(file)).toBe(1));
});

describe("the name of an event type is allowed", () => {
  test.each(ALLOWED)("%s", (_what, file) => expect(found.get(file)).toBeUndefined());
});
