import { join } from "node:path";
import { expect, test } from "vitest";
import type { TelemetryRecord } from "../../model/telemetry.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { sampleSpan } from "../history/testing/telemetry-contract.ts";
import { LIMITS } from "./format.ts";
import { exportBundle, importBundle, verifyBundle } from "./index.ts";
import { previewExport } from "./preview-export.ts";
import { openForged } from "./testing/forge-zip.ts";
import { openHistory, RUN_1, recordRun } from "./testing/recorded-run.ts";

const log: TelemetryRecord = {
  record: "log",
  joinedBy: "time",
  traceId: "5b8aa5a2d2c872e8321cf37308d69df2",
  service: "payments",
  scope: "",
  atUs: 1_700_000_000_000_003,
  severity: "WARN",
  severityNumber: 13,
  body: "paid with 4111 1111 1111 1111",
  attributes: { authorization: "Bearer abcdefghijklmnop" },
};
const spans = Array.from({ length: 1_200 }, (_, at) => sampleSpan({ name: `span ${at}` }));
const dropped: TelemetryRecord = { record: "dropped", spans: 7, logs: 0, reason: "a run keeps 1200 spans" };

async function exported() {
  const history = await openHistory();
  await recordRun(history);
  await history.addTelemetry(RUN_1, [...spans, log, dropped]);
  const file = join(temporaryFolder(), "runs.zip");
  const { redacted } = await exportBundle({ history, runIds: [RUN_1], file });
  return { history, file, redacted };
}

test("spans and logs of a run arrive with it, without what is secret in them", async () => {
  const { history, file, redacted } = await exported();
  const there = await openHistory();
  await importBundle({ history: there, file });
  const { records } = await there.telemetry(RUN_1, 0, 10_000);
  expect(records.slice(0, spans.length)).toEqual(spans);
  expect(records.at(-1)).toEqual(dropped);
  const kept = records.at(-2) as typeof log;
  expect([kept.record, kept.traceId, kept.atUs]).toEqual(["log", log.traceId, log.atUs]);
  expect(JSON.stringify(kept)).not.toMatch(/4111|abcdefghijklmnop/);
  expect(redacted).toMatchObject({ "card-number": 1, "named-secret": 1 });
  expect((await previewExport(history, [RUN_1])).redacted).toEqual(redacted);
  const again = join(temporaryFolder(), "again.zip");
  await exportBundle({ history: there, runIds: [RUN_1], file: again });
  const textOf = (path: string) => openForged(path).find((entry) => entry.path.endsWith("telemetry.ndjson"))?.bytes;
  expect(String(textOf(again))).toBe(String(textOf(file)));
});

test("a bundle of a run that is here already leaves its spans as they are", async () => {
  const { history, file } = await exported();
  await history.addTelemetry(RUN_1, [sampleSpan({ name: "late" })]);
  expect((await importBundle({ history, file })).alreadyHere).toEqual([RUN_1]);
  const { records } = await history.telemetry(RUN_1, 0, 10_000);
  expect(records).toHaveLength(spans.length + 3);
});

test("more records than are read are refused", async () => {
  const { file } = await exported();
  const limits = { ...LIMITS, telemetryPerRun: 100 };
  expect((await verifyBundle(file, { limits })).problems).toEqual([expect.stringContaining("more than 100 records")]);
  expect(await verifyBundle(file)).toMatchObject({ isValid: true });
});
