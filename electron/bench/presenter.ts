import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import type { LabEvent, LabEventBody } from "../model/lab-event.ts";
import { EVENT_VERSION } from "../model/upgrade.ts";
import { storeRun } from "../testing/stored-events.ts";
import { buildPages, launchBrowser, PageHost } from "./page-harness.ts";
import { median, quantile, type Row, row } from "./row.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 5);
const RUN_ID = "0f0f0f0f-0000-4000-8000-000000000040";
const STARTED_MS = 1_700_000_000_000;
const SERVERS = 38;
const CALLS_PER_SECOND = 200;
const LASTS_MS = 20_000;
const FRAMES = 120;
const WAIT_LIMIT_MS = 180_000;

/**
 * The presenter's screen with everything on: a map of forty services with two hundred calls a second, the time axis and the
 * narration, while the run is replayed; against the same screen while nothing moves.
 */
export async function benchPresenter(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-presenter-"));
  const home = join(folder, "home");
  mkdirSync(home);
  const run = {
    ...{ id: RUN_ID, scenarioId: "busy", scenarioTitle: "A busy stack", scenarioSource: "id: busy\n" },
    ...{ driver: "process" as const, without: [], startedWallMs: STARTED_MS },
  };
  await storeRun(join(home, "history.db"), run, busyRun());
  const pages = await buildPages(folder);
  const lab = await PageHost.start(home, pages.lab);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    page.setDefaultTimeout(WAIT_LIMIT_MS);
    await page.goto(lab.address);
    await page.waitForSelector("#root button");
    await page.goto(`${lab.origin}/#/run/${RUN_ID}?tab=map`);
    await page.getByRole("button", { name: "Run again" }).waitFor();
    await page.keyboard.press("p");
    await page.getByText("Ended", { exact: true }).waitFor();
    const ratios: number[] = [];
    const played: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const idle = await frames(page);
      await page.locator("main").focus();
      await page.keyboard.press("r");
      await page.getByRole("button", { name: "Pause the replay" }).waitFor();
      await page.locator('svg[data-calls]:not([data-calls="0"])').waitFor();
      const playing = await frames(page);
      await page.keyboard.press("r");
      ratios.push(quantile(playing, 0.95) / quantile(idle, 0.95));
      played.push(quantile(playing, 0.95));
    }
    return [
      row("presenter: 40 services, 200 calls/s, frame against idle, p95", median(ratios), "ratio", "<= 1.3"),
      row("presenter: frame, p95", median(played), "ms"),
    ];
  } finally {
    await browser.close();
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The milliseconds between frames. */
function frames(page: Page): Promise<number[]> {
  return page.evaluate(
    (count) =>
      new Promise<number[]>((resolve) => {
        const taken: number[] = [];
        let last = 0;
        const step = (atMs: number) => {
          if (last > 0) taken.push(atMs - last);
          last = atMs;
          if (taken.length === count) resolve(taken);
          else requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    FRAMES,
  );
}

function* busyRun(): Generator<LabEvent> {
  let seq = 0;
  const event = (atMs: number, body: LabEventBody) =>
    ({ runId: RUN_ID, seq: ++seq, atMs, wallMs: STARTED_MS + atMs, ...body }) as LabEvent;
  const servers = Array.from({ length: SERVERS }, (_, at) => `server-${at + 1}`);
  yield event(0, {
    type: "run.started",
    eventVersion: EVENT_VERSION,
    scenario: { id: "busy", title: "A busy stack", patterns: ["bulkhead"], opening: "Forty services at work." },
    driver: "process",
    without: [],
    services: [
      { name: "agent", role: "agent" },
      { name: "gateway", role: "gateway" },
      ...servers.map((name) => ({ name, role: "mcp-server" })),
    ],
    labVersion: "0",
  });
  for (const service of ["agent", "gateway", ...servers])
    yield event(1, { type: "health.changed", service, from: "unknown", to: "up", reason: "a probe", latencyMs: 2 });
  yield event(2, { type: "phase.started", phase: "method" });
  yield event(3, {
    type: "step.started",
    ...{ step: "step-1", kind: "storm", label: "storm: read", background: false, say: "Watch the calls." },
  });
  const gapMs = 1_000 / CALLS_PER_SECOND;
  for (let at = 0; at * gapMs < LASTS_MS; at++) {
    const startMs = 10 + at * gapMs;
    const lastsMs = 120;
    yield event(startMs + lastsMs, {
      type: "wire.call",
      ...{ call: `call-${at}`, link: `gateway->${servers[at % SERVERS]}`, http: "POST /mcp", method: "tools/call" },
      ...{ tool: "read", startedWallMs: STARTED_MS + startMs, endedWallMs: STARTED_MS + startMs + lastsMs },
      ...{ status: 200, outcome: "ok", requestBytes: 200, replyBytes: 400, faults: [], isCounted: true },
    });
    if (at % 500 === 100) {
      const service = servers[at % SERVERS] ?? "";
      yield event(startMs + lastsMs, {
        ...{ type: "health.changed", service, from: "up", to: "down", reason: "a probe", latencyMs: 2 },
      });
    }
  }
  yield event(LASTS_MS + 300, { type: "step.ended", step: "step-1", outcome: "ok", output: "read" });
  yield event(LASTS_MS + 400, { type: "run.ended", outcome: "passed", reason: "every check held" });
}
