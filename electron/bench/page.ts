import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "@playwright/test";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import { recordLongRun } from "./long-run.ts";
import { buildPages, launchBrowser, PageHost } from "./page-harness.ts";
import { median, quantile, type Row, row } from "./row.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 9);
const SHORT = 1_000;
const LONG = 100_000;
const WARM = 20;
const PAN_FRAMES = 90;
/** A hundred thousand events take most of a minute on a machine that is busy. */
const WAIT_LIMIT_MS = 180_000;

const idOf = (events: number) => `0f0f0f0f-0000-4000-8000-${String(events).padStart(12, "0")}`;

/** The built page on the browser host, in a real browser, with a run of a thousand events and one of a hundred thousand. */
export async function benchPage(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-page-"));
  const home = join(folder, "home");
  mkdirSync(home);
  for (const events of [WARM, SHORT, LONG]) await recordLongRun(join(home, "history.db"), idOf(events), events);
  const pages = await buildPages(folder);
  const lab = await PageHost.start(home, pages.lab);
  const bare = await PageHost.start(join(folder, "bare-home"), pages.bare);
  const browser = await launchBrowser();
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    context.setDefaultTimeout(WAIT_LIMIT_MS);
    await context.addInitScript(watch);
    const tabs = { lab: await enter(context, lab), bare: await enter(context, bare) };
    return [...(await benchInteractive(tabs)), ...(await benchFirstLanes(tabs, home)), ...(await benchPan(tabs.lab))];
  } finally {
    await browser.close();
    await bare.stop();
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A tab admitted by its host. Reused, since the key to the lab is stored in the tab. */
interface Tab {
  page: Page;
  origin: string;
}

async function enter(context: BrowserContext, { address, origin }: PageHost): Promise<Tab> {
  const page = await context.newPage();
  await page.goto(address);
  await page.waitForSelector("#root button");
  return { page, origin };
}

/** Loads the page from the start, whatever the tab shows: a change of the hash alone would not reload it. */
async function open({ page, origin }: Tab, place: string): Promise<void> {
  await page.goto("about:blank");
  await page.bringToFront();
  await page.goto(`${origin}${place}`);
}

/** Timings of the page, in milliseconds since its navigation began. */
interface Seen {
  /** First frame with its first control. */
  interactiveMs: number;
  readyMs: number;
  /** Paints of the timeline's canvas: when, and to which moment of the run the axis reached. */
  paints: { atMs: number; axisMs: number }[];
}

declare global {
  interface Window {
    seen: Seen;
  }
}

/** Runs in the page before its own scripts. */
function watch(): void {
  const seen: Seen = { interactiveMs: 0, readyMs: 0, paints: [] };
  window.seen = seen;
  const look = () => {
    if (seen.interactiveMs === 0 && document.querySelector("#root button, #root nav a") !== null) {
      seen.interactiveMs = performance.now();
    }
    if (seen.readyMs === 0 && document.querySelector("article button:not([disabled])") !== null) {
      seen.readyMs = performance.now();
    }
    if (seen.readyMs === 0) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  const { clearRect } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...area) {
    clearRect.apply(this, area);
    const axis = document.querySelector('[data-testid="timeline"]');
    if (axis === null) return;
    queueMicrotask(() => {
      seen.paints.push({ atMs: performance.now(), axisMs: Number(axis.getAttribute("aria-valuemax")) });
    });
  };
}

async function benchInteractive({ lab, bare }: Record<"lab" | "bare", Tab>): Promise<Row[]> {
  const times: Record<string, number[]> = { lab: [], bare: [], ready: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, tab] of [
      ["bare", bare],
      ["lab", lab],
    ] as const) {
      const { page } = tab;
      await open(tab, "/");
      await page.waitForFunction(() => window.seen.interactiveMs > 0);
      if (name === "lab") await page.waitForFunction(() => window.seen.readyMs > 0);
      const { interactiveMs, readyMs } = await page.evaluate(() => window.seen);
      times[name]?.push(interactiveMs);
      if (name === "lab") times.ready?.push(readyMs);
    }
  }
  const [labMs, bareMs, readyMs] = [median(times.lab ?? []), median(times.bare ?? []), median(times.ready ?? [])];
  return [
    row("page: interactive, against a bare React page", labMs / bareMs, "ratio", "<= 1.5"),
    row("page: interactive", labMs, "ms"),
    row("page: bare React page interactive", bareMs, "ms"),
    row("page: scenarios can be run", readyMs, "ms"),
  ];
}

interface Opened {
  firstMs: number;
  wholeMs: number;
  elements: number;
}

/** Opens a run in a page that has shown another one: measures the run, not the page's start. */
async function openRun(tab: Tab, events: number): Promise<Opened> {
  const { page } = tab;
  await open(tab, `/#/run/${idOf(WARM)}`);
  await page.waitForFunction((ms) => window.seen.paints.some(({ axisMs }) => axisMs === ms), WARM);
  const startedMs = await page.evaluate(
    (hash) => {
      window.seen.paints = [];
      const now = performance.now();
      window.location.hash = hash;
      return now;
    },
    `#/run/${idOf(events)}`,
  );
  await page.waitForFunction((ms) => window.seen.paints.some(({ axisMs }) => axisMs === ms), events);
  const paints = (await page.evaluate(() => window.seen.paints)).filter(({ axisMs }) => axisMs > WARM);
  await page.getByRole("tab", { name: "Events" }).click();
  await page
    .getByText(`${events.toLocaleString("en")} events`)
    .first()
    .waitFor();
  const elements = await page.locator("*").count();
  if (process.env.VERBOSE)
    console.error(events, JSON.stringify(paints.map(({ atMs, axisMs }) => [Math.round(atMs - startedMs), axisMs])));
  return {
    firstMs: (paints[0]?.atMs ?? Number.NaN) - startedMs,
    wholeMs: (paints.find(({ axisMs }) => axisMs === events)?.atMs ?? Number.NaN) - startedMs,
    elements,
  };
}

async function benchFirstLanes({ lab, bare }: Record<"lab" | "bare", Tab>, home: string): Promise<Row[]> {
  const history = await SqliteRunStore.open(join(home, "history.db"));
  const [sql, paint, short, long]: [number[], number[], Opened[], Opened[]] = [[], [], [], []];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const startedMs = performance.now();
      await history.laneSummary(idOf(LONG));
      sql.push(performance.now() - startedMs);
      await open(bare, "/");
      paint.push(await bare.page.evaluate(paintOnce));
      short.push(await openRun(lab, SHORT));
      long.push(await openRun(lab, LONG));
    }
  } finally {
    await history.close();
  }
  const baseMs = median(sql) + median(paint);
  const of = (all: Opened[], key: keyof Opened) => median(all.map((opened) => opened[key]));
  return [
    row(
      "page: 100k run, first lanes against SQL lane summary and a paint",
      of(long, "firstMs") / baseMs,
      "ratio",
      "<= 1.5",
    ),
    row("page: 100k run, lanes of the whole run, against the same", of(long, "wholeMs") / baseMs, "ratio", "<= 1.5"),
    row("page: first lanes, 100k run against 1k", of(long, "firstMs") / of(short, "firstMs"), "ratio", "<= 1.6"),
    row("page: DOM elements, 100k run against 1k", of(long, "elements") / of(short, "elements"), "ratio", "<= 1.1"),
    row("page: SQL lane summary of 100k events", median(sql), "ms"),
    row("page: one paint", median(paint), "ms"),
    row("page: first lanes of 1k", of(short, "firstMs"), "ms"),
    row("page: first lanes of 100k", of(long, "firstMs"), "ms"),
    row("page: lanes of all 100k", of(long, "wholeMs"), "ms"),
    row("page: DOM elements", of(long, "elements"), ""),
  ];
}

/** In a bare page: from the request to draw as many rectangles as a lane summary has to the end of that frame. */
function paintOnce(): Promise<number> {
  const canvas = document.createElement("canvas");
  canvas.width = 1_000;
  canvas.height = 300;
  document.body.append(canvas);
  const context = canvas.getContext("2d");
  return new Promise((resolve) => {
    const startedMs = performance.now();
    requestAnimationFrame(() => {
      if (context !== null) {
        for (let at = 0; at < 2_400; at++) context.fillRect((at % 240) * 4, Math.floor(at / 240) * 20, 3, 12);
      }
      queueMicrotask(() => {
        canvas.remove();
        resolve(performance.now() - startedMs);
      });
    });
  });
}

async function benchPan(tab: Tab): Promise<Row[]> {
  const { page } = tab;
  await open(tab, `/#/run/${idOf(LONG)}`);
  await page.getByRole("tab", { name: "Events" }).click();
  await page
    .getByText(`${LONG.toLocaleString("en")} events`)
    .first()
    .waitFor();
  await page.evaluate(zoomIn);
  const ratios: Record<"p50" | "p95", number[]> = { p50: [], p95: [] };
  const pans: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const idle = await frames(page, false);
    const pan = await frames(page, true);
    ratios.p50.push(median(pan) / median(idle));
    ratios.p95.push(quantile(pan, 0.95) / quantile(idle, 0.95));
    pans.push(median(pan));
  }
  return [
    row("page: 100k run, pan frame against an idle one, p50", median(ratios.p50), "ratio", "<= 1.2"),
    row("page: 100k run, pan frame against an idle one, p95", median(ratios.p95), "ratio", "<= 1.6"),
    row("page: pan frame, p50", median(pans), "ms"),
  ];
}

/** Zooms to half of the run, so that there is room to pan. */
function zoomIn(): void {
  const plot = document.querySelector('[data-testid="timeline"]');
  const place = plot?.getBoundingClientRect();
  plot?.dispatchEvent(
    new WheelEvent("wheel", {
      deltaY: -433,
      clientX: (place?.left ?? 0) + (place?.width ?? 0) / 2,
      clientY: (place?.top ?? 0) + 10,
      bubbles: true,
      cancelable: true,
    }),
  );
}

/** The milliseconds between frames, while nothing moves or while the timeline is panned in each of them. */
function frames(page: Page, isPanned: boolean): Promise<number[]> {
  return page.evaluate(
    ([count, isPanned]) =>
      new Promise<number[]>((resolve) => {
        const plot = document.querySelector('[data-testid="timeline"]');
        const taken: number[] = [];
        let last = 0;
        const step = (atMs: number) => {
          if (last > 0) taken.push(atMs - last);
          last = atMs;
          if (taken.length === count) return resolve(taken);
          const deltaX = Math.floor(taken.length / 15) % 2 === 0 ? 7 : -7;
          if (isPanned) plot?.dispatchEvent(new WheelEvent("wheel", { deltaX, bubbles: true, cancelable: true }));
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    [PAN_FRAMES, isPanned] as const,
  );
}
