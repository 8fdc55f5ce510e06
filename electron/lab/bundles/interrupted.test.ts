import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { eventAt, eventsOf, passed, started } from "../../testing/sample-events.ts";
import { appendAll, eventsIn } from "../../testing/stored-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import type { RunStore } from "../history/run-store.ts";
import { exportBundle, importBundle } from "./index.ts";
import { openHistory, RUN_1, recordRun, runWith } from "./testing/recorded-run.ts";

const newFile = () => join(temporaryFolder(), "runs.zip");

const log = (seq: number, line: string, runId: string) =>
  eventAt(seq, { type: "service.log", service: "gateway", stream: "stdout", line }, runId);

async function exported(history: RunStore): Promise<string> {
  const file = newFile();
  await exportBundle({ history, runIds: [RUN_1], file, viewer: { script: "0;", style: "" } });
  return file;
}

describe("an export that is not possible", () => {
  test("of a run in progress is refused", async () => {
    const history = await openHistory();
    await recordRun(history, RUN_1, { events: eventsOf([started]) });
    const file = newFile();
    await expect(exportBundle({ history, runIds: [RUN_1], file })).rejects.toMatchObject({
      code: "precondition",
      message: expect.stringContaining(`run ${RUN_1} is in progress`),
    });
    expect(readdirSync(join(file, ".."))).toEqual([]);
  });

  test("of no run, or of an unknown one", async () => {
    const history = await openHistory();
    await expect(exportBundle({ history, runIds: [], file: newFile() })).rejects.toThrow("say which runs");
    await expect(exportBundle({ history, runIds: ["x"], file: newFile() })).rejects.toThrow("no run has the id x");
  });

  test("to a missing folder names it, with the next step", async () => {
    const history = await openHistory();
    await recordRun(history);
    const file = join(temporaryFolder(), "no", "runs.zip");
    await expect(exportBundle({ history, runIds: [RUN_1], file })).rejects.toMatchObject({
      name: "LabError",
      message: expect.stringContaining("cannot be written"),
      hint: expect.stringContaining("another folder"),
    });
  });

  test("that is cancelled leaves nothing, and keeps an existing file", async () => {
    const history = await openHistory();
    const scratch = mkdtempSync(join(tmpdir(), "resilience-lab-test-"));
    onTestFinished(() => rmSync(scratch, { recursive: true, force: true }));
    vi.stubEnv("TMPDIR", scratch);
    onTestFinished(() => void vi.unstubAllEnvs());
    await recordRun(history, RUN_1, {
      events: runWith(
        Array.from(
          { length: 5_000 },
          (_, index) =>
            ({
              type: "service.log",
              service: "gateway",
              stream: "stdout",
              line: `${index} ${"x".repeat(200)}`,
            }) as const,
        ),
      ),
    });
    const folder = temporaryFolder();
    const file = join(folder, "runs.zip");
    writeFileSync(file, "before");
    const cancel = new AbortController();
    const onProgress = () => cancel.abort(new Error("cancelled by a person"));
    await expect(exportBundle({ history, runIds: [RUN_1], file, signal: cancel.signal, onProgress })).rejects.toThrow(
      "cancelled by a person",
    );
    expect(readdirSync(folder)).toEqual(["runs.zip"]);
    expect(readFileSync(file, "utf8")).toBe("before");
    expect(readdirSync(scratch).filter((name) => name.includes("export"))).toEqual([]);
  });
});

describe("an import", () => {
  test("that is cancelled leaves nothing", async () => {
    const [here, there] = [await openHistory(), await openHistory()];
    await recordRun(here);
    const cancel = new AbortController();
    const onProgress = () => cancel.abort(new Error("cancelled by a person"));
    const importing = importBundle({ history: there, file: await exported(here), signal: cancel.signal, onProgress });
    await expect(importing).rejects.toThrow("cancelled by a person");
    expect((await there.list({ limit: 9 })).runs).toEqual([]);
  });

  test("runs concurrently with a recording, and neither loses anything", async () => {
    const [here, there] = [await openHistory(), await openHistory()];
    await recordRun(here, RUN_1, {
      events: runWith(
        Array.from(
          { length: 2_500 },
          (_, index) => ({ type: "service.log", service: "gateway", stream: "stdout", line: `${index}` }) as const,
        ),
      ),
    });
    await there.begin({
      id: "live",
      scenarioId: "x",
      scenarioTitle: "x",
      scenarioSource: "",
      driver: "process",
      without: [],
      startedWallMs: 0,
    });
    let seq = 0;
    const onProgress = () => {
      for (let each = 0; each < 300; each++) void there.append(log(++seq, "live", "live"));
    };
    await importBundle({ history: there, file: await exported(here), onProgress });
    await appendAll(there, [eventAt(++seq, passed, "live")]);
    expect(await eventsIn(there, "live")).toHaveLength(seq);
    expect(await eventsIn(there, RUN_1)).toEqual(await eventsIn(here, RUN_1));
  });

  test("into a read-only history is refused", async () => {
    const here = await openHistory();
    await recordRun(here);
    vi.spyOn(here, "assertWritable").mockImplementation(() => {
      throw new Error("read only");
    });
    await expect(importBundle({ history: here, file: await exported(here) })).rejects.toThrow("read only");
  });
});
