import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { EVENT_VERSION } from "../../../model/upgrade.ts";
import { sampleRun } from "../../../testing/sample-events.ts";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { LabError } from "../../lab-error.ts";
import type { RunStore } from "../run-store.ts";
import { openStore } from "../testing/sqlite-under-test.ts";
import { eventsIn, NOBODY, recordRun } from "../testing/store-under-test.ts";

const RUN = "run-1";

/** A history whose only run has this event version. */
async function historyOf(version: number | null): Promise<RunStore> {
  const file = join(temporaryFolder(), "history.db");
  const store = await openStore(file, NOBODY);
  await recordRun(store, RUN);
  await store.close();
  const database = new Database(file);
  const body =
    version === null ? "json_remove(body, '$.eventVersion')" : `json_set(body, '$.eventVersion', ${version})`;
  database.exec(`UPDATE events SET body = ${body} WHERE seq = 1`);
  database.close();
  return openStore(file);
}

const WINDOW = { runId: RUN, afterSeq: 0, limit: 100, types: undefined, service: undefined };

test("a run that was recorded before events had a version is read by every reader", async () => {
  const store = await historyOf(null);
  const all = sampleRun(RUN);
  expect(all[0]).toMatchObject({ eventVersion: EVENT_VERSION });
  expect(await eventsIn(store, RUN)).toEqual(all);
  expect((await store.eventPage(WINDOW)).events).toEqual(all);
  expect((await store.entries(RUN, 0, 100)).map(({ text }) => JSON.parse(text))).toEqual(all);
});

test("a run of a newer lab is refused, with the next step", async () => {
  const store = await historyOf(EVENT_VERSION + 1);
  await expect(eventsIn(store, RUN)).rejects.toThrow("newer Resilience Lab");
  await expect(store.eventPage(WINDOW)).rejects.toThrow("newer Resilience Lab");
  await expect(store.entries(RUN, 0, 100)).rejects.toThrow(LabError);
});
