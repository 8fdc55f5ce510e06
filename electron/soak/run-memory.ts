/**
 * Runs a scenario repeatedly in a long-lived lab, on the reference stack, and measures what the lab retains of each run:
 * the heap after a forced collection, as a line through the samples. JIT optimisation is off: V8 would continue it for a
 * thousand runs, and keeps code and feedback for each function. Exit 1 when the goal is missed.
 *
 * npm run soak -- memory [--count 1000]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { EngineService } from "../lab/service/engine-service.ts";
import { collectGarbage } from "../testing/collect-garbage.ts";

const GOAL_KB_PER_RUN = 1;
const RUNS_PER_SAMPLE = 50;
/** Warm-up: code is compiled and bounded lists are filled. */
const WARM_UP_RUNS = 150;

/** Covers every kind of client: MCP sessions, an agent, HTTP, a fault on a link. */
const SCENARIO = `
id: memory
title: A run of every kind of step
patterns: []
steadyState: [{ service: gateway, is: up }, { service: payments-mcp, is: up }]
method:
  - warm: gateway
  - fault: { latency: gateway->payments-mcp, by: 1ms }
  - call: list_recent_charges
  - { storm: list_recent_charges, times: 4, clients: 2 }
  - agent: Show me my recent charges.
  - { http: payments-mcp, path: /state }
expect: [{ mustInclude: [list_recent_charges] }]
`;

for (const flag of ["--no-opt", "--no-maglev", "--no-sparkplug"]) setFlagsFromString(flag);

interface Sample {
  runs: number;
  heapKb: number;
}

const { values } = parseArgs({ options: { count: { type: "string", default: "1000" } } });
const count = Number(values.count);
const home = mkdtempSync(join(tmpdir(), "resilience-lab-soak-"));
const service = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: home });
try {
  service.settings.change({ ports: "auto", keepStackUp: false });
  service.scenarios.save(SCENARIO, { replace: true });
  const outcomes = countOutcomes();
  const samples: Sample[] = [];
  for (let runs = RUNS_PER_SAMPLE; runs <= count; runs += RUNS_PER_SAMPLE) {
    await runBatch();
    const sample = { runs, heapKb: await heapKb() };
    samples.push(sample);
    console.log(`${String(runs).padStart(6)} runs  ${sample.heapKb.toFixed(0).padStart(7)} KB`);
  }
  const slope = slopeOf(samples.filter(({ runs }) => runs >= WARM_UP_RUNS));
  console.log(`outcomes: ${[...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(", ")}`);
  console.log(`the heap grows by ${slope.toFixed(2)} KB a run (goal <= ${GOAL_KB_PER_RUN})`);
  const areAllGreen = [...outcomes.keys()].join() === "passed";
  process.exitCode = areAllGreen && slope <= GOAL_KB_PER_RUN ? 0 : 1;
} finally {
  await service.close();
  rmSync(home, { recursive: true, force: true });
}

async function runBatch(): Promise<void> {
  const started = await service.runs.start([service.scenarios.find("memory")], [], RUNS_PER_SAMPLE);
  const left = new Set(started.map(idOf));
  await new Promise<void>((resolve) => {
    const unsubscribe = service.runs.onEnded((entry) => {
      left.delete(entry.entryId);
      if (left.size > 0) return;
      unsubscribe();
      resolve();
    });
  });
}

function idOf({ entryId }: { entryId: string }): string {
  return entryId;
}

function countOutcomes(): Map<string, number> {
  const outcomes = new Map<string, number>();
  service.runs.onEnded(({ outcome, reason }) => {
    const key = outcome === "passed" ? outcome : `${outcome} (${reason})`;
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
  });
  return outcomes;
}

async function heapKb(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().heapUsed / 1024;
}

/** Kilobytes a run, by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const meanRuns = samples.reduce((sum, { runs }) => sum + runs, 0) / samples.length;
  const meanKb = samples.reduce((sum, { heapKb }) => sum + heapKb, 0) / samples.length;
  const together = samples.reduce((sum, { runs, heapKb }) => sum + (runs - meanRuns) * (heapKb - meanKb), 0);
  return together / samples.reduce((sum, { runs }) => sum + (runs - meanRuns) ** 2, 0);
}
