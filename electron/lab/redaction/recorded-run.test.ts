import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LabEvent } from "../../model/lab-event.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { callEnded, decided, eventsOf } from "../../testing/sample-events.ts";
import { bringUpSmallStack, type SmallStack } from "../../testing/small-stack.ts";
import { eventsIn } from "../../testing/stored-events.ts";
import { exportBundle, previewExport } from "../bundles/index.ts";
import { systemClock } from "../clock.ts";
import { RunLog } from "../events/run-log.ts";
import { FaultInjector } from "../faults/injector.ts";
import { SqliteRunStore } from "../history/sqlite/sqlite-run-store.ts";
import { runScenario } from "../runs/runner.ts";
import { evaluate } from "../scenarios/checks.ts";
import { loadText } from "../scenarios/load.ts";
import { RunContext } from "../scenarios/run-context.ts";
import { StrayErrors } from "../stray-errors.ts";
import { recordingOf } from "./run-recording.ts";
import { RandomText } from "./testing/random-text.ts";
import { SECRET_SAMPLES } from "./testing/secret-samples.ts";

const folder = lastingFolder();
const historyFolder = lastingFolder();
let stack: SmallStack;
let history: SqliteRunStore;
beforeAll(async () => {
  stack = await bringUpSmallStack(folder);
  history = await SqliteRunStore.open(join(historyFolder, "history.db"));
});
afterAll(async () => {
  await history.close();
  await stack.close();
});

const SAMPLES = SECRET_SAMPLES.map(({ what, make }) => ({ what, ...make(new RandomText(9)) }));

/** Runs a scenario with each secret in its text, in a step and in a step's output. */
async function runWithSecrets(keepRaw: boolean) {
  const scenario = {
    id: "secret-texts",
    title: `Writes to ${SAMPLES.find(({ what }) => what === "e-mail address")?.text}`,
    summary: SAMPLES.map(({ text }) => text).join("\n"),
    patterns: [],
    steadyState: [{ service: "server", is: "up" }],
    method: SAMPLES.map(({ text }) => ({ http: "server", path: "/", method: "POST", json: { text }, name: text })),
    expect: [{ http: "server", path: "/", json: { served: SAMPLES.map(({ text }) => text) } }],
  };
  const [loaded] = loadText(JSON.stringify(scenario), "x.yaml");
  if (loaded === undefined) throw new Error("there should be one");
  const strays = new StrayErrors();
  const parts = { stack: stack.running, history, journal: stack.faults, clock: systemClock, labVersion: "0", strays };
  const shown: LabEvent[] = [];
  const never = new AbortController().signal;
  const result = await runScenario(loaded, { ...parts, keepRaw }, never, (event) => shown.push(event));
  await history.flush();
  return { ...result, shown };
}

/** The database's files on the disk. */
function bytesOnDisk(): string {
  return readdirSync(historyFolder)
    .map((name) => readFileSync(join(historyFolder, name), "utf8"))
    .join("\n");
}

function secretsIn(text: string): string[] {
  return SAMPLES.filter(({ secret }) => {
    return text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1));
  }).map(({ what }) => what);
}

test("no secret of a run is stored, shown or returned, unless the run is kept raw: such a run cannot be exported", async () => {
  const { shown, runId, outcome, reason } = await runWithSecrets(false);
  expect(outcome).toBe("failed");
  expect(secretsIn(reason)).toEqual([]);
  expect(secretsIn(JSON.stringify(shown))).toEqual([]);
  expect(secretsIn(bytesOnDisk())).toEqual([]);
  expect((await eventsIn(history, runId)).map(({ seq }) => seq)).toEqual(shown.map(({ seq }) => seq));
  const { redacted } = await previewExport(history, [runId]);
  expect(Object.keys(redacted).length).toBeGreaterThan(40);
  expect((await history.find(runId)).raw).toBe(false);

  const raw = await runWithSecrets(true);
  expect(secretsIn(bytesOnDisk())).toEqual(SAMPLES.map(({ what }) => what));
  expect(raw.shown[0]).toMatchObject({ type: "run.started", raw: true });
  expect((await history.find(raw.runId)).raw).toBe(true);
  for (const refused of [
    exportBundle({ history, runIds: [raw.runId], file: join(folder, "no.zip") }),
    previewExport(history, [runId, raw.runId]),
  ]) {
    await expect(refused).rejects.toMatchObject({
      code: "precondition",
      message: expect.stringContaining("was kept raw"),
      hint: expect.stringContaining("run the scenario again"),
    });
  }
  expect(readdirSync(folder)).not.toContain("no.zip");
});

test("a check is judged by the unredacted data, and reports redacted data", () => {
  const recorded: LabEvent[] = [];
  const { redact } = recordingOf({ scenarioTitle: "x", scenarioSource: "id: x" }, false);
  const record = (event: LabEvent) => void recorded.push(event);
  const log = new RunLog({ runId: "run-1", clock: systemClock, record, redact });
  const faults = new FaultInjector({ stack: stack.running, journal: stack.faults, log, clock: systemClock });
  const context = new RunContext({ stack: stack.running, log, faults, clock: systemClock });
  log.append(decided({ arguments: { note: "her number is 512-46-7890" } }));
  const check = { mustNotContainInArgs: ["512-46-7890"] };
  const verdict = evaluate(check, { view: context.view(), methodMs: 1, answer: undefined });
  log.append({ type: "check.evaluated", ...verdict });
  expect(recorded).toMatchObject([
    { type: "call.decided", arguments: { note: "her number is [redacted: us-ssn 1]" } },
    { type: "check.evaluated", passed: false, observed: "held: [redacted: us-ssn 1]" },
  ]);
});

test("the error of a call is recorded without its secrets", () => {
  const { redact = (event) => event } = recordingOf({ scenarioTitle: "x", scenarioSource: "id: x" }, false);
  const error = "no customer ann@example.com, whose number is 512-46-7890";
  const [event] = eventsOf([callEnded({ outcome: "tool_error", error })]);
  expect(redact(event as LabEvent)).toEqual({
    ...event,
    error: "no customer [redacted: email 1], whose number is [redacted: us-ssn 1]",
  });
});

test("equal values have equal placeholders in one run, different values different ones", () => {
  const { redact = (event) => event } = recordingOf({ scenarioTitle: "x", scenarioSource: "id: x" }, false);
  const lines = ["ann@example.com and bob@example.com", "again ann@example.com"].map((message, index) => {
    const event = { type: "warning", code: "x", message, runId: "run-1", seq: index + 1, atMs: 0, wallMs: 0 } as const;
    return (redact(event) as typeof event).message;
  });
  expect(lines).toEqual(["[redacted: email 1] and [redacted: email 2]", "again [redacted: email 1]"]);
});
