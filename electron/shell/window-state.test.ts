import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { readWindowState, writeWindowState } from "./window-state.ts";

const SCREEN = { x: 0, y: 0, width: 1920, height: 1080 };

test("the window opens where it was", () => {
  const file = join(temporaryFolder(), "window.json");
  const state = { width: 1000, height: 700, position: { x: 50, y: 60 }, isMaximized: true };
  writeWindowState(file, state);
  expect(readWindowState(file, [SCREEN])).toEqual(state);
});

test("a window that would be on no screen keeps its size and is placed by the system", () => {
  const file = join(temporaryFolder(), "window.json");
  writeWindowState(file, { width: 1000, height: 700, position: { x: 5000, y: 60 }, isMaximized: false });
  expect(readWindowState(file, [SCREEN])).toEqual({ width: 1000, height: 700, position: null, isMaximized: false });
});

test.each(["", "not json", '{"width":-1}', '{"width":1e308,"height":1}', "[]"])(
  "a file with %j is a first start",
  (text) => {
    const file = join(temporaryFolder(), "window.json");
    writeFileSync(file, text);
    expect(readWindowState(file, [SCREEN])).toMatchObject({ width: 1280, height: 800, position: null });
  },
);
