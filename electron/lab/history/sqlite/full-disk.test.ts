import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { openDatabase } from "./database.ts";

test("a database that cannot be created since the disk is full is refused with that reason and the next step", () => {
  // SQLite reports a database that has reached its page limit as a full disk.
  const migrations = ["PRAGMA max_page_count = 2; CREATE TABLE a (b); CREATE TABLE c (d); CREATE TABLE e (f)"];
  const file = join(temporaryFolder(), "history.db");
  const open = () => openDatabase({ file, name: "run history", migrations, synchronous: "NORMAL", busyLimitMs: 100 });
  expect(open).toThrow(
    expect.objectContaining({
      message: `the run history ${file} cannot be opened: database or disk is full`,
      hint: expect.stringMatching(/^make space on that disk, or point RESILIENCE_LAB_HOME/),
    }),
  );
});
