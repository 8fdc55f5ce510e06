import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labProgram } from "../../testing/lab-program.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { startPostgres, type TestPostgres } from "../../testing/postgres.ts";
import { writeSmallStack } from "../../testing/small-stack.ts";
import { ask, flawsOf, follow, type Outside, processesOf, receiveSinks } from "./testing/outside.ts";

/** `npm run soak -- durable-kills` sets both. */
const COUNT = Number(process.env.DURABLE_KILLS ?? 3);
let seed = Number(process.env.DURABLE_KILLS_SEED ?? 1);
const KINDS = ["worker", "server", "database"] as const;
/** A run of the scenario takes so long on an idle machine, its stack included. */
const RUN_MS = 2_500;
const SETTLED = { interval: 100 };

const SCHEMA = "resilience_lab";
const TOKEN = "a-token-of-the-test";
const WORKER = join(import.meta.dirname, "..", "..", "testing", "short-lease-worker.ts");
const TRACES = join(import.meta.dirname, "..", "..", "lab", "evaluation", "testing", "traces");
const helm = JSON.parse(readFileSync(join(TRACES, "helm.json"), "utf8")) as object;

const folder = lastingFolder();
const stack = writeSmallStack(folder);
let postgres: TestPostgres;
let hook: Awaited<ReturnType<typeof receiveSinks>>;
const workers: ChildProcess[] = [];
const servers: { child: ChildProcess; address: string }[] = [];

beforeAll(async () => {
  [postgres, hook] = await Promise.all([startPostgres(), receiveSinks()]);
  servers.push(await startServer(0));
  servers.push(await startServer(1));
  for (const at of [0, 1]) workers.push(startWorker(at));
});
afterAll(async () => {
  for (const child of [...workers, ...servers.map((server) => server.child)]) await end(child, "SIGTERM");
  hook.close();
  await postgres.close();
});

function environment(home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    RESILIENCE_LAB_HOME: join(folder, home),
    RESILIENCE_LAB_DATABASE_URL: postgres.url,
    RESILIENCE_LAB_DATABASE_SCHEMA: SCHEMA,
    RESILIENCE_LAB_TOKEN: TOKEN,
  };
}

function startWorker(at: number): ChildProcess {
  return spawn(process.execPath, [WORKER, `small=${stack}`], {
    env: environment(`worker-${at}`),
    stdio: ["ignore", "ignore", 2],
  });
}

/** Of two on one database, neither of which carries out runs. */
async function startServer(at: number): Promise<{ child: ChildProcess; address: string }> {
  const args = [labProgram("launch"), "serve", "--port", "0", "--workers", "0"];
  const child = spawn(process.execPath, args, {
    env: environment(`server-${at}`),
    stdio: ["ignore", "ignore", "pipe"],
  });
  let text = "";
  for await (const chunk of child.stderr as AsyncIterable<Buffer>) {
    text += chunk.toString();
    const [, address] = /serving (\S+)\/api/.exec(text) ?? [];
    if (address === undefined) continue;
    // Whatever it writes later must not block it.
    child.stderr?.resume();
    return { child, address };
  }
  throw new Error(`the server ended: ${text}`);
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill(signal);
  await gone;
}

/** Asks the two servers in turn. */
function outside(): Outside {
  let asked = 0;
  return {
    sql: (...given) => postgres.query(...given),
    schema: SCHEMA,
    token: TOKEN,
    address: () => servers[asked++ % servers.length]?.address ?? "",
  };
}

function random(below: number): number {
  // Numerical Recipes' generator: the same moments for the same seed.
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed % below;
}

async function killAndStartAgain(kind: (typeof KINDS)[number]): Promise<void> {
  const at = random(2);
  if (kind === "database") {
    await postgres.kill();
    await delay(random(1_000));
    return postgres.start();
  }
  if (kind === "worker") {
    await end(workers[at] as ChildProcess, "SIGKILL");
    workers[at] = startWorker(at);
    return;
  }
  await end(servers[at]?.child as ChildProcess, "SIGKILL");
  servers[at] = await startServer(at);
}

const scenario = {
  id: "server-stops",
  title: "The server stops",
  patterns: [],
  steadyState: [{ service: "server", is: "up" }],
  method: [{ fault: { stop: "server", for: "1h" } }, { wait: "300ms" }],
  expect: [{ within: "1h" }],
};

/** Their specs, with the outcomes that they may end with. */
const SPECS = () =>
  [
    [{ scenario: { source: JSON.stringify(scenario) }, stack: { kind: "named", name: "small" } }, ["passed"]],
    [
      {
        target: { kind: "inline", data: helm },
        evalConfig: { metrics: ["tool_calls"], thresholds: { tool_calls: 5 } },
      },
      ["passed", "failed"],
    ],
  ] as const;

async function submit(at: Outside): Promise<{ runId: string; outcomes: readonly string[] }[]> {
  const sinks = [{ kind: "http_webhook", url: hook.url }];
  return Promise.all(
    SPECS().map(async ([spec, outcomes]) => {
      const runId = crypto.randomUUID();
      // Sent again when the answer was lost: the id makes that the same run.
      const { status } = await ask(at, "/api/runs", { runId, spec: { ...spec, sinks } });
      expect(status).toBe(202);
      return { runId, outcomes };
    }),
  );
}

const inMidRun = (pids: readonly number[]) => processesOf(folder, pids).filter((each) => !each.includes("watchdog"));

test.each(
  Array.from({ length: COUNT }, (_, round) => [round + 1, KINDS[round % KINDS.length] as (typeof KINDS)[number]]),
)("round %i, the %s is killed: each run ends once, nothing is lost, nothing is left broken", async (_round, kind) => {
  const at = outside();
  const submitted = submit(at);
  await delay(random(RUN_MS));
  await killAndStartAgain(kind);
  const runs = await submitted;
  const [first] = runs;
  const ids = await follow(at, first?.runId ?? "");
  expect(new Set(ids).size).toBe(ids.length);
  const open = `SELECT run_id, state FROM ${SCHEMA}.queue WHERE state <> 'ended'`;
  await expect.poll(() => postgres.query(open), SETTLED).toEqual([]);
  for (const { runId, outcomes } of runs) {
    expect(await flawsOf(at, runId, outcomes)).toEqual([]);
    await expect.poll(() => hook.got.get(runId) ?? 0, SETTLED).toBeGreaterThan(0);
    const shown = await ask(at, `/api/runs/${runId}`);
    const [row] = await postgres.query(`SELECT outcome FROM ${SCHEMA}.queue WHERE run_id = $1`, [runId]);
    expect(shown.body.data).toMatchObject({ runId, outcome: row?.outcome });
  }
  // Nothing but what was killed has ended.
  for (const { exitCode, signalCode } of [...workers, ...servers.map(({ child }) => child)]) {
    expect([exitCode, signalCode]).toEqual([null, null]);
  }
  // Workers and servers are the only processes that know of the folder: no stack is up, and none has a paused service.
  const known = [...workers, ...servers.map(({ child }) => child)].map(({ pid }) => pid ?? 0);
  await expect.poll(() => inMidRun(known), SETTLED).toEqual([]);
});

test("two servers on one database agree: a run that one took is followed, refused for another spec and cancelled at the other", async () => {
  const [one, two] = servers.map(({ address }): Outside => ({ ...outside(), address: () => address })) as [
    Outside,
    Outside,
  ];
  const runId = crypto.randomUUID();
  const spec = { scenario: "mcp-crash", labels: ["nobody-has-it"] };
  const same = await Promise.all([one, two, one, two].map((at) => ask(at, "/api/runs", { runId, spec })));
  expect(same.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
  expect(new Set(same.map(({ body }) => body.data.createdAt)).size).toBe(1);
  expect((await ask(two, "/api/runs", { runId, spec: { ...spec, repeats: 2 } })).status).toBe(409);
  const following = follow(two, runId);
  const cancelled = await ask(one, `/api/runs/${runId}/cancel`, {});
  expect(cancelled.body.data).toMatchObject({ status: "cancelled", attempt: 0 });
  expect(await following).toEqual([]);
  expect((await ask(two, `/api/runs/${runId}`)).body.data).toMatchObject({ status: "cancelled" });
  const rows = await postgres.query(`SELECT state, attempt FROM ${SCHEMA}.queue WHERE run_id = $1`, [runId]);
  expect(rows).toEqual([{ state: "ended", attempt: 0 }]);
});
