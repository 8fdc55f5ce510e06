import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRunStore } from "../../lab/history/open-run-store.ts";
import { storeLocation } from "../../lab/history/store-location.ts";
import { postgresForFile } from "../../lab/history/testing/postgres-under-test.ts";
import { recordShortRun } from "../../lab/history/testing/store-under-test.ts";
import { Lab } from "../../lab/lab.ts";
import { StrayErrors } from "../../lab/stray-errors.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { databaseCommand } from "./database-command.ts";
import type { Output } from "./output.ts";

const postgres = postgresForFile();

async function database(environment: NodeJS.ProcessEnv, ...args: string[]): Promise<{ code: number; text: string }> {
  const written: string[] = [];
  const output = { write: (text: string) => void written.push(text) } as Output;
  const { signal } = new AbortController();
  const code = await databaseCommand.run(args, {
    environment,
    out: output,
    err: output,
    signal,
    strays: new StrayErrors(),
  });
  return { code, text: written.join("") };
}

test("a lab keeps its runs in the database that a file names; status, migrate and move show the way there and back", async () => {
  const folder = temporaryFolder();
  const { url, schema } = postgres.newLocation();
  const file = join(folder, "url");
  writeFileSync(file, `${url}\n`, { mode: 0o600 });
  const local = { RESILIENCE_LAB_HOME: join(folder, "home") };
  const shared = { ...local, RESILIENCE_LAB_DATABASE_URL_FILE: file, RESILIENCE_LAB_DATABASE_SCHEMA: schema };

  const lab = await Lab.open(local);
  await recordShortRun(lab.history, "run-1");
  const queue = await lab.openQueue();
  await queue.submit({ runId: "submitted", spec: {}, labels: [], maxAttempts: 1, deadlineMs: 1 }, 1);
  await queue.cancel("submitted");
  await queue.close();
  await lab.close();
  expect((await database(local, "status")).text).toMatch(/kept in SQLite: .*history\.db\n1 runs/);
  await expect(database(local, "move")).rejects.toThrow("no PostgreSQL is named");

  expect((await database(shared, "status")).text).toContain("not migrated yet");
  expect((await database(shared, "migrate")).text).toMatch(/format 0 -> \d/);
  expect(await database(shared, "move")).toMatchObject({
    code: 0,
    text: expect.stringMatching(/^1 runs with 2 events copied .*\n1 submitted runs with 0 results copied/),
  });
  const status = (await database(shared, "status")).text;
  expect(status).toMatch(/kept in PostgreSQL: .*schema test_[\s\S]*1 runs/);
  expect(status).not.toContain("lab:lab");

  const other = await Lab.open(shared);
  expect((await other.history.find("run-1")).outcome).toBe("passed");
  await recordShortRun(other.history, "run-2");
  await other.close();
  const back = (await database(shared, "move", "--to", "sqlite")).text;
  expect(back).toMatch(/\n1 runs were there already[\s\S]*\n1 submitted runs were there already/);
  const again = await openRunStore(storeLocation(local, join(folder, "home", "history.db")));
  expect((await again.list({})).runs.map(({ id }) => id).toSorted()).toEqual(["run-1", "run-2"]);
  await again.close();
});

test("a database that cannot be reached is named without its password, with the next step", async () => {
  const environment = {
    RESILIENCE_LAB_HOME: temporaryFolder(),
    RESILIENCE_LAB_DATABASE_URL: "postgres://ana:secret@127.0.0.1:1/lab",
  };
  for (const opening of [() => Lab.open(environment), () => database(environment, "status")]) {
    await expect(opening()).rejects.toMatchObject({
      code: "unreachable",
      message: expect.not.stringContaining("secret"),
      hint: "check that it runs, and RESILIENCE_LAB_DATABASE_URL",
    });
  }
  const wrong = { ...environment, RESILIENCE_LAB_DATABASE_URL: "mysql://secret@host" };
  await expect(Lab.open(wrong)).rejects.toMatchObject({
    code: "bad-input",
    message: expect.not.stringContaining("secret"),
  });
});
