import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { SqliteRunStore } from "../lab/history/sqlite/sqlite-run-store.ts";
import { storeTrace } from "../lab/trace-entries/store-trace.ts";
import { buildPages, launchBrowser, PageHost } from "./page-harness.ts";
import { median, quantile, type Row, row } from "./row.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 9);
const SHORT = 1_000;
const LONG = 100_000;
const SCROLL_FRAMES = 90;
const ROW_PX = 26;
const WAIT_LIMIT_MS = 180_000;
/** Spans below one span: a chain of calls, as a gateway and its servers have. */
const DEEP = 5;

/** The waterfall of a trace file of a thousand spans, and of one of a hundred thousand. */
export async function benchWaterfall(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "lab-bench-waterfall-"));
  const home = join(folder, "home");
  mkdirSync(home);
  const history = await SqliteRunStore.open(join(home, "history.db"));
  const ids = new Map<number, string>();
  for (const spans of [SHORT, LONG]) {
    ids.set(spans, (await storeTrace(history, { content: traceOf(spans), name: `${spans} spans` })).runId);
  }
  await history.close();
  const { lab: page } = await buildPages(folder);
  const host = await PageHost.start(home, page);
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    tab.setDefaultTimeout(WAIT_LIMIT_MS);
    await tab.goto(host.address);
    await tab.waitForSelector("#root button");
    const opened = new Map<number, Opened[]>([SHORT, LONG].map((spans) => [spans, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const spans of [SHORT, LONG]) opened.get(spans)?.push(await openTrace(tab, ids.get(spans) ?? "", spans));
    }
    const of = (spans: number, key: keyof Opened) => median((opened.get(spans) ?? []).map((each) => each[key]));
    return [
      row(
        "waterfall: first rows, 100k spans against 1k",
        of(LONG, "firstMs") / of(SHORT, "firstMs"),
        "ratio",
        "<= 1.6",
      ),
      row("waterfall: DOM elements, 100k against 1k", of(LONG, "elements") / of(SHORT, "elements"), "ratio", "<= 1.1"),
      ...(await benchScroll(tab)),
      row("waterfall: first rows of 1k", of(SHORT, "firstMs"), "ms"),
      row("waterfall: first rows of 100k", of(LONG, "firstMs"), "ms"),
      row("waterfall: all rows of 100k", of(LONG, "wholeMs"), "ms"),
    ];
  } finally {
    await browser.close();
    await host.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** OTLP, a span a line. */
function traceOf(spans: number): Buffer {
  const lines = Array.from({ length: spans }, (_, at) => {
    const depth = at % DEEP;
    const [startMs, lastedMs] = [1_700_000_000_000 + Math.floor(at / DEEP) + depth * 0.1, 50 - depth * 5];
    return JSON.stringify({
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: hex(at),
      ...(depth === 0 ? {} : { parentSpanId: hex(at - 1) }),
      name: `tools/call tool_${at % 7}`,
      kind: 2,
      startTimeUnixNano: `${Math.round(startMs * 1_000)}000`,
      endTimeUnixNano: `${Math.round((startMs + lastedMs) * 1_000)}000`,
      attributes: { "service.name": `service-${depth}`, "gen_ai.tool.name": `tool_${at % 7}` },
    });
  });
  return Buffer.from(lines.join("\n"));
}

function hex(at: number): string {
  return (at + 1).toString(16).padStart(16, "0");
}

interface Opened {
  firstMs: number;
  wholeMs: number;
  elements: number;
}

/** In a page that shows the history: from the change of the address to the first rows, and to all of them. */
async function openTrace(page: Page, runId: string, spans: number): Promise<Opened> {
  await page.evaluate(() => {
    window.location.hash = "#/history";
  });
  await page.getByRole("heading", { name: "History", level: 1 }).waitFor();
  const [firstMs, wholeMs] = await page.evaluate(
    ([hash, all, limitMs]) =>
      new Promise<[number, number]>((resolve, reject) => {
        const startedMs = performance.now();
        let firstMs: number | undefined;
        window.location.hash = hash;
        const check = () => {
          const rows = document.querySelector('section[aria-label="Waterfall"]');
          if (firstMs === undefined && rows?.querySelector("button") != null) firstMs = performance.now() - startedMs;
          const isWhole = firstMs !== undefined && document.body.textContent.includes(all);
          if (firstMs !== undefined && isWhole) resolve([firstMs, performance.now() - startedMs]);
          else if (performance.now() - startedMs < limitMs) requestAnimationFrame(check);
          else reject(new Error(`no waterfall of ${all} was shown`));
        };
        requestAnimationFrame(check);
      }),
    [`#/run/${runId}`, `${spans.toLocaleString("en")} spans`, WAIT_LIMIT_MS] as const,
  );
  return { firstMs, wholeMs, elements: await page.locator("*").count() };
}

async function benchScroll(page: Page): Promise<Row[]> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const busyMs = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1_000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
  };
  const [ratios, busy]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const idle = await frames(page, false);
    const beforeMs = await busyMs();
    const scrolled = await frames(page, true);
    busy.push(((await busyMs()) - beforeMs) / SCROLL_FRAMES);
    ratios.push(quantile(scrolled, 0.95) / quantile(idle, 0.95));
  }
  return [
    row("waterfall: 100k spans, scroll frame against an idle one, p95", median(ratios), "ratio", "<= 1.6"),
    row("waterfall: 100k spans, main thread's processor time of a scroll frame", median(busy), "ms"),
  ];
}

/** The milliseconds between frames, while nothing moves or while the rows are scrolled by a few in each of them. */
function frames(page: Page, isScrolled: boolean): Promise<number[]> {
  return page.evaluate(
    ([count, byPx]) =>
      new Promise<number[]>((resolve) => {
        const rows = document.querySelector('section[aria-label="Waterfall"]');
        const taken: number[] = [];
        let last = 0;
        const step = (atMs: number) => {
          if (last > 0) taken.push(atMs - last);
          last = atMs;
          if (taken.length === count) return resolve(taken);
          rows?.scrollBy(0, byPx);
          requestAnimationFrame(step);
        };
        requestAnimationFrame(step);
      }),
    [SCROLL_FRAMES, isScrolled ? 4 * ROW_PX : 0] as const,
  );
}
