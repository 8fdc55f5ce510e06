import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test, vi } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { openStore } from "../../history/testing/sqlite-under-test.ts";
import { recordShortRun } from "../../history/testing/store-under-test.ts";
import { LabError } from "../../lab-error.ts";
import { Preferences } from "./preferences.ts";

/** As an earlier version left it: it kept the pins itself. */
function withPins(...runIds: string[]): Preferences {
  const file = join(temporaryFolder(), "preferences.db");
  new Preferences(file).close();
  const database = new Database(file);
  for (const runId of runIds) database.prepare("INSERT INTO pins (run_id) VALUES (?)").run(runId);
  database.close();
  const preferences = new Preferences(file);
  onTestFinished(() => preferences.close());
  return preferences;
}

test("runs that were pinned before stay pinned, and one that is let go stays so", async () => {
  const history = await openStore();
  for (const id of ["a", "b"]) await recordShortRun(history, id);
  const preferences = withPins("a", "gone");
  await preferences.handOverPins(history);
  expect(await history.trim(0)).toBe(1);
  expect((await history.list({})).runs).toMatchObject([{ id: "a", pinned: true }]);
  await history.pin("a", false);
  await preferences.handOverPins(history);
  expect(await history.find("a")).toMatchObject({ pinned: false });
});

test("pins that cannot be written are handed over at a later start", async () => {
  const history = await openStore();
  await recordShortRun(history, "a");
  const preferences = withPins("a");
  const full = vi.spyOn(history, "pin").mockRejectedValueOnce(new LabError("internal", "database or disk is full"));
  await expect(preferences.handOverPins(history)).rejects.toThrow("disk is full");
  full.mockRestore();
  await preferences.handOverPins(history);
  expect(await history.find("a")).toMatchObject({ pinned: true });
});
