import { describe, expect, test } from "vitest";
import { importsOf, PROJECT, sourceFiles, violationsIn, violationsOfProject } from "./import-law.ts";

test("the project keeps its import law", () => {
  const told = violationsOfProject(PROJECT).map(
    ({ file, line, specifier, law }) => `${file}:${line}: imports ${specifier}, but ${law}`,
  );
  expect(told.join("\n")).toBe("");
});

test("the law is tried on the real files, of every part there is", () => {
  const files = sourceFiles(PROJECT);
  for (const part of ["electron/model/", "electron/lab/stack/", "electron/hosts/", "resources/stack/agent/"]) {
    expect(files.filter((file) => file.startsWith(part)).length, part).toBeGreaterThan(0);
  }
  expect(files.filter((file) => file.includes("node_modules") || file.includes("/build/"))).toEqual([]);
});

describe("breaks the law:", () => {
  test.each([
    ["the page, by the engine", "renderer/runs/list.tsx", "../../electron/lab/lab.ts"],
    ["the page, by a host", "renderer/runs/list.tsx", "../../electron/hosts/terminal/main.ts"],
    ["the page, by a service", "renderer/app.tsx", "../resources/stack/http/serve.ts"],
    ["the page, by Node", "renderer/app.tsx", "node:fs"],
    ["the page, by Electron", "renderer/app.tsx", "electron"],
    ["the engine, by a host", "electron/lab/lab.ts", "../hosts/terminal/main.ts"],
    ["the engine, by the shell", "electron/lab/lab.ts", "../shell/window.ts"],
    ["the engine, by Electron", "electron/lab/stack/ports.ts", "electron"],
    ["the engine, by Electron's main process", "electron/lab/stack/ports.ts", "electron/main"],
    ["the engine, by React", "electron/lab/lab.ts", "react-dom/client"],
    ["the engine, by the page", "electron/lab/lab.ts", "../../renderer/app.tsx"],
    ["the service, by SQL", "electron/lab/service/run-summaries.ts", "better-sqlite3"],
    ["a host, by SQL", "electron/hosts/terminal/main.ts", "better-sqlite3"],
    ["the engine, by a service", "electron/lab/lab.ts", "../../resources/stack/gateway/main.ts"],
    ["the model, by Node", "electron/model/run-model.ts", "node:crypto"],
    ["the model, by the rest of the engine", "electron/model/run-model.ts", "../lab/clock.ts"],
    ["the model, by a package", "electron/model/run-model.ts", "pg"],
    ["the model, by the contract", "electron/model/run-model.ts", "../contract/events.ts"],
    ["the contract, by Node", "electron/contract/api.ts", "node:path"],
    ["the contract, by the engine", "electron/contract/api.ts", "../lab/home.ts"],
    ["a host that is not the shell, by Electron", "electron/hosts/browser.ts", "electron"],
    ["a host, by an engine of Docker", "electron/hosts/terminal/plan-command.ts", "../../lab/stack/docker/engine.ts"],
    ["the shell, by a driver", "electron/shell/quit.ts", "../lab/stack/process-driver.ts"],
    ["a service, by the engine", "resources/stack/gateway/main.ts", "../../../electron/lab/duration.ts"],
    ["a service, by the page", "resources/stack/gateway/main.ts", "../../../renderer/app.tsx"],
    ["a service, by another one", "resources/stack/gateway/mcp/server.ts", "../../payments-mcp/seed.ts"],
    ["what services share, by a service", "resources/stack/http/serve.ts", "../gateway/settings.ts"],
    ["a test, by what its part may not have", "electron/lab/lab.test.ts", "../hosts/terminal/main.ts"],
  ])("%s", (_what, file, specifier) => {
    expect(violationsIn(file, `import { x } from "${specifier}";\n`)).toMatchObject([{ file, line: 1, specifier }]);
  });
});

describe("is within the law:", () => {
  test.each([
    ["the page, the model", "renderer/timeline/lanes.ts", "../../electron/model/run-model.ts"],
    ["the page, the contract", "renderer/lab-client/client.ts", "../../electron/contract/api.ts"],
    ["the page, itself and packages", "renderer/app.tsx", "react"],
    ["the history, SQL", "electron/lab/history/sqlite/reader.ts", "better-sqlite3"],
    ["the engine, the model", "electron/lab/lab.ts", "../model/run-model.ts"],
    ["the engine, a package whose name only begins like Electron's", "electron/lab/lab.ts", "electron-to-chromium"],
    ["the model, zod", "electron/model/lab-event.ts", "zod"],
    ["the contract, the model", "electron/contract/api.ts", "../model/lab-event.ts"],
    ["a host, the engine", "electron/hosts/terminal/main.ts", "../../lab/lab.ts"],
    ["a host, a run target", "electron/hosts/terminal/run-command.ts", "../../lab/stack/run-target.ts"],
    ["the shell, Electron", "electron/shell/window.ts", "electron"],
    ["a service, itself", "resources/stack/gateway/mcp/server.ts", "../settings.ts"],
    ["a service, what services share", "resources/stack/gateway/main.ts", "../http/serve.ts"],
    ["a test, what only tests need", "electron/model/run-model.test.ts", "../../testing/sample-events.ts"],
    ["a test of the pure, Node", "electron/model/run-model.test.ts", "node:fs"],
  ])("%s", (_what, file, specifier) => {
    expect(violationsIn(file, `import { x } from "${specifier}";\n`)).toEqual([]);
  });
});

test("a test that drives the desktop shell may know the types of Electron, but not load it; the engine not even those", () => {
  const types = 'import type { App } from "electron";\n';
  expect(violationsIn("e2e/desktop/desktop.ts", types)).toEqual([]);
  expect(violationsIn("e2e/desktop/desktop.ts", 'import { type App, app } from "electron";\n')).toHaveLength(1);
  expect(violationsIn("electron/lab/lab.ts", types)).toHaveLength(1);
});

test("finds imports in every form there is, with the line they end on", () => {
  const source = `import "a";
import b from 'b';
import type { C } from "c";
import {
  d,
  type E,
} from "d";
import * as f from "f";
export * from "g";
export { h } from "h";
export type { I } from "i";
const j = await import("j");
const k = require("k");
type L = import("l").L;
import n, { type M } from "n";import o from "o";
`;
  expect(importsOf(source).map(({ specifier, line }) => `${line} ${specifier}`)).toEqual([
    "1 a",
    "2 b",
    "3 c",
    "7 d",
    "8 f",
    "9 g",
    "10 h",
    "11 i",
    "12 j",
    "13 k",
    "14 l",
    "15 n",
    "15 o",
  ]);
});

test("takes neither a comment nor a text for an import", () => {
  const source = `// import a from "a";
/* import b from "b";
*/
const text = "no import here";
const url = "http://x/y"; // from "c"
export const d = 1;
const from = ["e"];
write('import f from "f";');
`;
  expect(importsOf(source)).toEqual([]);
});
