import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { copyLintRules } from "./testing/copy-lint-rules.ts";
import { lastingFolder } from "./testing/lasting-folder.ts";

/** What `npm run check` runs, on a house of planted files: whether the tools see what they are there for. */
const PROJECT = dirname(import.meta.dirname);

/** The law, who breaks it, the file and what it imports. */
const BROKEN: readonly (readonly [law: string, what: string, file: string, specifier: string])[] = [
  ["page", "the page, by the engine", "renderer/runs/list.tsx", "../../electron/lab/lab.ts"],
  ["page", "the page, by a host", "renderer/runs/list.tsx", "../../electron/hosts/terminal/main.ts"],
  ["page", "the page, by a service", "renderer/app.tsx", "../resources/stack/http/serve.ts"],
  ["page-without-node", "the page, by Node", "renderer/app.tsx", "node:fs"],
  ["electron", "the page, by Electron", "renderer/app.tsx", "electron"],
  ["engine", "the engine, by a host", "electron/lab/lab.ts", "../hosts/terminal/main.ts"],
  ["engine", "the engine, by the shell", "electron/lab/lab.ts", "../shell/window.ts"],
  ["engine", "the engine, by the page", "electron/lab/lab.ts", "../../renderer/app.tsx"],
  ["engine", "a test, by what its part may not have", "electron/lab/lab.test.ts", "../hosts/terminal/main.ts"],
  ["electron", "the engine, by Electron", "electron/lab/stacks/ports.ts", "electron"],
  ["electron", "the engine, by Electron's main process", "electron/lab/stacks/ports.ts", "electron/main"],
  ["electron", "a host that is not the shell, by Electron", "electron/hosts/browser.ts", "electron"],
  ["engine-without-page-packages", "the engine, by React", "electron/lab/lab.ts", "react-dom/client"],
  ["sql", "the service, by SQL", "electron/lab/service/history/run-summaries.ts", "better-sqlite3"],
  ["sql", "a host, by SQL", "electron/hosts/terminal/main.ts", "better-sqlite3"],
  [
    "history",
    "the service, by what opens a database",
    "electron/lab/service/runs/a.ts",
    "../../history/sqlite/database.ts",
  ],
  ["history", "a host, by one of the databases", "electron/hosts/serve/a.ts", "../../lab/history/postgres/reader.ts"],
  ["engine", "the engine, by a service", "electron/lab/lab.ts", "../../resources/stack/gateway/main.ts"],
  ["pure", "the model, by the rest of the engine", "electron/model/run-model.ts", "../lab/clock.ts"],
  ["pure", "the contract, by the engine", "electron/contract/api.ts", "../lab/home.ts"],
  ["pure-model", "the model, by the contract", "electron/model/run-model.ts", "../contract/events.ts"],
  ["pure-without-node", "the model, by Node", "electron/model/run-model.ts", "node:crypto"],
  ["pure-without-node", "the contract, by Node", "electron/contract/api.ts", "node:path"],
  ["pure-without-packages", "the model, by a package", "electron/model/run-model.ts", "pg"],
  ["pure-without-packages", "the contract, by a package", "electron/contract/api.ts", "pg"],
  ["model-without-contract-packages", "the model, by oRPC", "electron/model/run-model.ts", "@orpc/contract"],
  ["drivers", "a host, by an engine of Docker", "electron/hosts/plan.ts", "../lab/stacks/docker/engine.ts"],
  ["drivers", "the shell, by a driver", "electron/shell/quit.ts", "../lab/stacks/process-driver.ts"],
  ["service", "a service, by the engine", "resources/stack/gateway/main.ts", "../../../electron/lab/duration.ts"],
  ["service", "a service, by the page", "resources/stack/gateway/main.ts", "../../../renderer/app.tsx"],
  ["service", "a service, by another one", "resources/stack/gateway/mcp/server.ts", "../../payments-mcp/seed.ts"],
  ["service", "a service's test, by another one", "resources/stack/gateway/main.test.ts", "../payments-mcp/seed.ts"],
  ["service", "what services share, by a service", "resources/stack/http/serve.ts", "../gateway/settings.ts"],
  ["testing", "the engine, by what only tests need", "electron/lab/lab.ts", "./testing/fake.ts"],
  ["folders", "a folder, by a later one", "electron/lab/faults/requested-fault.ts", "../scenarios/schema.ts"],
  ["folders", "a folder far down, by a later one", "electron/lab/stacks/docker/engine.ts", "../../faults/undo.ts"],
  ["folders", "the journal, by what it writes down of", "electron/lab/journal/fault-journal.ts", "../stacks/driver.ts"],
  ["folders", "a feature of the page, by its composition", "renderer/runs/page.tsx", "../app/shell.tsx"],
  ["folders", "a folder without a place in the order", "electron/lab/elsewhere/one.ts", "../history/run-store.ts"],
  ["folders", "a concern of the service, by a later one", "electron/lab/service/streams/a.ts", "../faults/b.ts"],
  ["folders", "folders of a level without an order", "electron/lab/bundles/one/a.ts", "../two/b.ts"],
  ["folders", "a part of the gateway, by a later one", "resources/stack/gateway/calls/call.ts", "../mcp/endpoint.ts"],
  ["found", "an import that leads nowhere", "electron/lab/lab.ts", "no-such-package"],
];

const WITHIN: readonly (readonly [what: string, file: string, specifier: string])[] = [
  ["a folder, an earlier one", "electron/lab/scenarios/plan.ts", "../faults/requested-fault.ts"],
  ["the page, the model", "renderer/timeline/model.ts", "../../electron/model/run-model.ts"],
  ["the page, the contract", "renderer/lab-client/client.ts", "../../electron/contract/api.ts"],
  ["the page, packages", "renderer/app.tsx", "react"],
  ["the history, SQL", "electron/lab/history/sqlite/reader.ts", "better-sqlite3"],
  ["the journal, a database of SQLite", "electron/lab/journal/journal.ts", "../history/sqlite/database.ts"],
  ["the history, its databases", "electron/lab/history/worker.ts", "./sqlite/reader.ts"],
  ["the engine, the model", "electron/lab/lab.ts", "../model/run-model.ts"],
  ["the engine, Node", "electron/lab/lab.ts", "node:fs"],
  ["the engine, a package whose name only begins like Electron's", "electron/lab/lab.ts", "electron-to-chromium"],
  ["the model, zod", "electron/model/lab-event.ts", "zod"],
  ["the contract, the model", "electron/contract/api.ts", "../model/lab-event.ts"],
  ["the contract, its package", "electron/contract/api.ts", "@orpc/contract"],
  ["a host, the engine", "electron/hosts/terminal/main.ts", "../../lab/lab.ts"],
  ["a host, a run target", "electron/hosts/terminal/run.ts", "../../lab/stacks/run-target.ts"],
  ["the shell, Electron", "electron/shell/window.ts", "electron"],
  ["a service, itself", "resources/stack/gateway/mcp/server.ts", "../settings.ts"],
  ["a service, what services share", "resources/stack/gateway/main.ts", "../http/serve.ts"],
  ["a service's test, itself", "resources/stack/gateway/main.test.ts", "./settings.ts"],
  ["a test, what only tests need", "electron/model/run-model.test.ts", "../testing/sample-events.ts"],
  ["a test of the pure, Node", "electron/model/run-model.test.ts", "node:fs"],
];

/** An import in every form that the laws see. */
const FORMS: readonly (readonly [form: string, text: string])[] = [
  ["import", 'import { x } from "HOST"; x();'],
  ["import for its effects", 'import "HOST";'],
  ["import type", 'import type { X } from "HOST"; export type Y = X;'],
  ["import of a type beside a value", 'import { type X, y } from "HOST"; export type Y = X; y();'],
  ["import of a namespace", 'import type * as x from "HOST"; export type Y = typeof x;'],
  ["export", 'export * from "HOST";'],
  ["export type", 'export type { X } from "HOST";'],
  ["dynamic import", 'export const x = import("HOST");'],
  ["require", 'export const x = require("HOST");'],
];
const formFile = (form: string) => `electron/lab/forms/${form.replaceAll(" ", "-")}.ts`;
const IMPORTING_TYPES = "e2e/desktop/types.ts";
const IMPORTING_VALUES = "e2e/desktop/values.ts";

interface Cruise {
  summary: { violations: { from: string; to: string; rule: { name: string } }[] };
}

/** Each as `law: file -> what it imports`. */
let violations: readonly { from: string; to: string; law: string }[];
let lint: string;

const house = lastingFolder();

beforeAll(async () => {
  const planted = new Map<string, string[]>();
  const plant = (file: string, text: string) => void planted.set(file, [...(planted.get(file) ?? []), text]);
  for (const [file, specifier] of [...BROKEN.map(([, , ...rest]) => rest), ...WITHIN.map(([, ...rest]) => rest)]) {
    plant(file, `import "${specifier}";`);
    if (specifier.startsWith(".")) plant(join(dirname(file), specifier), "");
  }
  for (const [form, text] of FORMS) plant(formFile(form), text.replace("HOST", "../../hosts/terminal/main.ts"));
  plant("renderer/cycle/type.ts", 'export type X = import("./one.ts").One; export type Y = typeof import("./two.ts");');
  plant(IMPORTING_TYPES, 'import type { App } from "electron"; export type A = App;');
  plant(IMPORTING_VALUES, 'import { type App, app } from "electron"; export type A = App; app();');
  plant("renderer/cycle/one.ts", 'import type { Two } from "./two.ts"; export type One = Two;');
  plant("renderer/cycle/two.ts", 'import type { One } from "./one.ts"; export type Two = One;');
  plant("renderer/cycle/long.ts", `${"//\n".repeat(400)}export const x = 1;`);
  for (const name of ["react", "react-dom/client", "better-sqlite3", "pg", "zod", "@orpc/contract", "electron"]) {
    plant(`node_modules/${name}/index.js`, "");
  }
  plant("node_modules/electron-to-chromium/index.js", "");
  for (const [file, texts] of planted) {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(join(house, file), `${texts.join("\n")}\n`);
  }
  writeFileSync(join(house, "package.json"), "{}");
  copyFileSync(join(PROJECT, "biome.json"), join(house, "biome.json"));
  copyLintRules(house);

  const [cruise, linted] = await Promise.all([
    run(house, "depcruise", "--config", join(PROJECT, ".dependency-cruiser.mjs"), "--output-type", "json", "."),
    run(house, "biome", "lint", "--vcs-enabled=false", "renderer/cycle"),
  ]);
  const { summary } = JSON.parse(cruise.out) as Cruise;
  violations = summary.violations.map(({ from, to, rule }) => ({ from, to, law: rule.name }));
  lint = linted.told;
});

/** What a tool writes to its two outputs, whatever its exit code. */
function run(cwd: string, tool: string, ...args: string[]): Promise<{ out: string; told: string }> {
  return new Promise((resolve) => {
    const options = { cwd, maxBuffer: 2 ** 26 };
    execFile(join(PROJECT, "node_modules/.bin", tool), args, options, (_error, out, told) => resolve({ out, told }));
  });
}

/** Whether the tool says that an import leads where it does. */
function leadsTo(to: string, file: string, specifier: string): boolean {
  if (specifier.startsWith(".")) return to === join(dirname(file), specifier);
  const name = specifier.replace(/^node:/, "");
  return to === name || to.startsWith(`node_modules/${name}/`);
}

describe("breaks the law:", () => {
  test.each(BROKEN)("%s: %s", (law, _what, file, specifier) => {
    const found = violations.filter(({ from, to }) => from === file && leadsTo(to, file, specifier));
    const broken = found.map((each) => each.law);
    expect(broken).toContain(law);
  });

  test.each(FORMS.map(([form]) => form))("in the form: %s", (form) => {
    const file = formFile(form);
    expect(violations).toContainEqual({ from: file, to: "electron/hosts/terminal/main.ts", law: "engine" });
  });
});

test.each(WITHIN)("is within the law: %s", (_what, file, specifier) => {
  expect(violations.filter(({ from, to }) => from === file && leadsTo(to, file, specifier))).toEqual([]);
});

test("a test that drives the desktop shell may know the types of Electron, but not load it", () => {
  const laws = (file: string) => violations.filter(({ from }) => from === file).map(({ law }) => law);
  expect(laws(IMPORTING_TYPES)).toEqual([]);
  expect(laws(IMPORTING_VALUES)).toEqual(["electron-types"]);
});

test("a circle of two files is found, though both import types alone", () => {
  expect(lint).toMatch(/cycle\/one\.ts:1:.*noImportCycles/);
  expect(lint).toMatch(/cycle\/two\.ts:1:.*noImportCycles/);
});

test("a file of more than 400 lines is refused", () => {
  expect(lint).toMatch(/cycle\/long\.ts:401:1 .*noExcessiveLinesPerFile/);
});

test("a type that is imported inside of a type, which the laws do not see, is refused", () => {
  expect(lint.match(/cycle\/type\.ts:1:\d+ plugin/g)).toHaveLength(2);
});
