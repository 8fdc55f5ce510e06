import { join } from "node:path";
import { expect, test } from "vitest";
import { sampleRun } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { moveRuns } from "./move-runs.ts";
import { PostgresRunStore } from "./postgres/postgres-run-store.ts";
import { postgresForFile } from "./testing/postgres-under-test.ts";
import { openStore } from "./testing/sqlite-under-test.ts";
import { arrivingRun, closedAtEnd, eventsIn, newRun, recordRun } from "./testing/store-under-test.ts";
import { sampleSpan } from "./testing/telemetry-contract.ts";

const postgres = postgresForFile();
const never = new AbortController().signal;

test("runs move from SQLite to PostgreSQL and back, counted, compared, and as they were", async () => {
  const folder = temporaryFolder();
  const source = await openStore(join(folder, "one.db"));
  const batch = { id: "together", number: 1, of: 2, showsFailure: false, isCompared: false, isPaced: false };
  await recordRun(source, "a", {
    startedWallMs: 1,
    isRaw: true,
    without: ["budget"],
    stackSource: "services: {}",
    batch,
  });
  await recordRun(source, "b", { startedWallMs: 2 });
  await source.pin("b", true);
  await source.annotate("b", { set: "name", name: "Kept" });
  await source.addTelemetry("b", [sampleSpan(), sampleSpan({ name: "second" })]);
  const arrivals = source.arrivals();
  arrivals.begin(arrivingRun("c", { startedWallMs: 3 }));
  for (const event of sampleRun("c")) await arrivals.stage(event);
  await arrivals.commit("bundle.zip", 7);
  await arrivals.close();
  await source.begin(newRun("on", { startedWallMs: 4 }));

  const shared = closedAtEnd(await PostgresRunStore.open(postgres.newLocation()));
  const events = 3 * sampleRun().length;
  const moved = { runs: 3, events, alreadyThere: 0, kept: [{ runId: "on", because: "it is in progress" }] };
  expect(await moveRuns(source, shared, never)).toEqual(moved);
  expect(await moveRuns(source, shared, never)).toMatchObject({ runs: 0, alreadyThere: 3 });

  const back = await openStore(join(folder, "two.db"));
  expect(await moveRuns(shared, back, never)).toEqual({ runs: 3, events, alreadyThere: 0, kept: [] });
  const telemetry = await source.telemetry("b", 0, 10);
  expect((await back.telemetry("b", 0, 10)).records).toEqual(telemetry.records);
  expect(telemetry.records).toHaveLength(2);
  for (const id of ["a", "b", "c"]) {
    expect(await back.find(id)).toEqual(await source.find(id));
    expect(await back.sources(id)).toEqual(await source.sources(id));
    expect(await eventsIn(back, id)).toEqual(sampleRun(id));
  }
});

test("a run that the target has with other content is kept and named", async () => {
  const folder = temporaryFolder();
  const source = await openStore(join(folder, "one.db"));
  const target = await openStore(join(folder, "two.db"));
  await recordRun(source, "a", { scenarioTitle: "one" });
  await recordRun(target, "a", { scenarioTitle: "another" });
  const { runs, kept } = await moveRuns(source, target, never);
  expect({ runs, kept }).toEqual({ runs: 0, kept: [{ runId: "a", because: "the target has another: its record" }] });
});
