import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { serverStops } from "../../testing/small-run.ts";
import { writeSmallStack } from "../../testing/small-stack.ts";
import { eventsIn } from "../../testing/stored-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { openQueueStore } from "../history/open-queue-store.ts";
import { openRunStore } from "../history/open-run-store.ts";
import type { QueueStore } from "../history/queue-store.ts";
import type { RunStore } from "../history/run-store.ts";
import { storeLocation } from "../history/store-location.ts";
import { postgresForFile } from "../history/testing/postgres-under-test.ts";
import { openHome } from "../home.ts";
import { FaultJournal } from "../journal/fault-journal.ts";
import { openJournalToRead } from "../journal/journal.ts";
import { StackRegister } from "../journal/stack-register.ts";
import { submitRun } from "./submit-run.ts";

const PROGRAM = join(import.meta.dirname, "..", "..", "testing", "short-lease-worker.ts");
const postgres = postgresForFile();

interface Bench {
  home: string;
  queue: QueueStore;
  history: RunStore;
  /** @param clock a program that changes the clock of the worker */
  startWorker(clock?: string): ChildProcess;
}

async function bench(kind: "SQLite" | "PostgreSQL"): Promise<Bench> {
  const folder = temporaryFolder();
  const home = join(folder, "home");
  const { url, schema } = postgres.newLocation();
  const shared = { RESILIENCE_LAB_DATABASE_URL: url, RESILIENCE_LAB_DATABASE_SCHEMA: schema };
  const environment = { ...process.env, RESILIENCE_LAB_HOME: home, ...(kind === "SQLite" ? {} : shared) };
  const stack = writeSmallStack(folder);
  const startWorker = (clock = "") => {
    const worker = spawn(process.execPath, ["--import", `data:text/javascript,${clock}`, PROGRAM, `small=${stack}`], {
      env: environment,
      stdio: ["ignore", 2, 2],
    });
    onTestFinished(async () => {
      if (worker.exitCode !== null || worker.signalCode !== null) return;
      const gone = once(worker, "exit");
      worker.kill("SIGTERM");
      await gone;
    });
    return worker;
  };
  const location = storeLocation(environment, openHome(home).historyFile);
  const [queue, history] = [await openQueueStore(location), await openRunStore(location)];
  onTestFinished(async () => {
    await queue.close();
    await history.close();
  });
  return { home, queue, history, startWorker };
}

/** Faults in force and stacks that are up, as the worker's journal has them. */
function left(home: string): number {
  const journal = openJournalToRead(join(home, "workers", "1", "journal.db"));
  try {
    const stacks = new StackRegister(journal).list();
    return stacks.length + stacks.flatMap(({ id }) => new FaultJournal(journal).open(id)).length;
  } finally {
    journal.close();
  }
}

async function submitted(queue: QueueStore, spec: object): Promise<string> {
  const answer = await submitRun(queue, { spec: { stack: { kind: "named", name: "small" }, ...spec } });
  if (answer.is === "conflict") throw new Error("conflict");
  return answer.run.runId;
}

/** The run in the history of an attempt that has broken something. */
async function brokenIn({ queue, history }: Bench, runId: string, attempt: number): Promise<string> {
  let found = "";
  await expect
    .poll(async () => {
      found = (await queue.attempts(runId))[attempt - 1]?.historyRuns[0] ?? "";
      if (!(await history.has(found))) return [];
      return (await eventsIn(history, found)).map(({ type }) => type);
    })
    .toContain("fault.applied");
  return found;
}

const endOf = async (queue: QueueStore, runId: string) => {
  await expect.poll(async () => (await queue.get(runId))?.state).toBe("ended");
  return queue.get(runId);
};

test.each(["SQLite", "PostgreSQL"] as const)(
  "a worker that is killed in mid-run leaves nothing broken; another takes the run over, both attempts are in the history, and a cancellation restores (%s)",
  async (kind) => {
    const on = await bench(kind);
    const { home, queue, history, startWorker } = on;
    const killed = startWorker();
    const runId = await submitted(queue, { scenario: serverStops("50m") });
    const first = await brokenIn(on, runId, 1);
    const gone = once(killed, "exit");
    killed.kill("SIGKILL");
    await gone;
    // By its watchdog.
    await expect.poll(() => left(home)).toBe(0);

    startWorker();
    const second = await brokenIn(on, runId, 2);
    expect(await history.find(first)).toMatchObject({ outcome: "interrupted" });
    await queue.cancel(runId);
    expect(await endOf(queue, runId)).toMatchObject({
      outcome: "cancelled",
      reason: "cancelled by request",
      attempt: 2,
    });
    expect(await queue.attempts(runId)).toMatchObject([
      { attempt: 1, ending: "lost", historyRuns: [first] },
      { attempt: 2, ending: "cancelled", historyRuns: [second] },
    ]);
    expect(await history.find(second)).toMatchObject({ outcome: "cancelled" });

    const passing = await submitted(queue, { scenario: serverStops("10ms"), repeats: 2 });
    expect(await endOf(queue, passing)).toMatchObject({
      outcome: "passed",
      attempt: 1,
      summary: { result_counts: { passed: 4, failed: 0, errored: 0, skipped: 0 } },
    });
    const results = await queue.results(passing);
    expect(results.map(({ item, evaluator }) => `${item} ${evaluator}`)).toContain("server-stops#2 outcome");
    await expect.poll(() => left(home)).toBe(0);
  },
);

test("what a worker was sending when it was killed is sent by the next", async () => {
  const { queue, startWorker } = await bench("SQLite");
  const got: string[] = [];
  const hook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      // The first never gets an answer.
      if (got.push(Buffer.concat(chunks).toString()) > 1) response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(hook, "listening");
  onTestFinished(() => void hook.close());
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
  const killed = startWorker();
  const spec = { target: { kind: "inline", data: { resourceSpans: [] } }, sinks: [{ kind: "http_webhook", url }] };
  const answer = await submitRun(queue, { spec });
  const runId = answer.is === "accepted" ? answer.run.runId : "";
  await expect.poll(() => got.length).toBe(1);
  const gone = once(killed, "exit");
  killed.kill("SIGKILL");
  await gone;
  expect(await queue.get(runId)).toMatchObject({ state: "ended", attempt: 1 });
  startWorker();
  await expect.poll(() => queue.deliveries(runId)).toMatchObject([{ state: "delivered", tries: 2 }]);
  expect(got).toEqual([got[0], got[0]]);
});

test("workers whose clocks are hours off share a queue: each run is carried out once, under the lease of the database's clock", async () => {
  const { queue, startWorker } = await bench("PostgreSQL");
  const off = (hours: number) => `const now=Date.now;Date.now=()=>now()+${hours}*3600000`;
  const evaluation = { target: { kind: "inline", data: { resourceSpans: [] } } };
  const runIds: string[] = [];
  for (let at = 0; at < 20; at++) {
    const answer = await submitRun(queue, { spec: evaluation });
    if (answer.is === "accepted") runIds.push(answer.run.runId);
  }
  const long = await submitted(queue, { scenario: serverStops("50m") });
  for (const hours of [6, -6]) startWorker(off(hours));
  for (const runId of runIds) expect(await endOf(queue, runId)).toMatchObject({ attempt: 1, outcome: "error" });
  await expect.poll(async () => (await queue.attempts(long))[0]?.historyRuns.length).toBe(1);
  expect(await queue.get(long)).toMatchObject({ state: "running", attempt: 1 });
  await queue.cancel(long);
  expect(await endOf(queue, long)).toMatchObject({ outcome: "cancelled", attempt: 1 });
});
