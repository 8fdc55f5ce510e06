import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { type LabEvent, labEvent } from "../../model/lab-event.ts";
import { upgradeEvent } from "../../model/upgrade.ts";
import { renderViews } from "./render-views.ts";

/**
 * Runs recorded by an earlier version of the lab, and the views that it showed of each, written by its code. Today's views
 * are the same except for texts reworded since and for the times of calls in reports, on which its readers disagreed.
 */
const RUNS = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".ndjson"))
  .map((name) => name.replace(".ndjson", ""));

/** Texts of that version, and today's. */
const REWORDED: readonly [before: string | RegExp, now: string][] = [
  [" holds | passed", ": passed | passed"],
  [':"holds"', ':"passed"'],
  [" begins | neutral", " started | neutral"],
  ["(goes on in the background)", "(in the background)"],
  [" held</h2>", " passed</h2>"],
  ["details > summary {", "details:not(.brief) > summary {"],
  [
    "allow, upstream_error, allow, upstream_error, allow, upstream_error, allow, allow, budgetExceeded",
    "3 x (allow, upstream_error), allow, allow, budgetExceeded",
  ],
  [/What was broken, and whether it was \w+ back/g, "Faults, and whether they were undone"],
];

/** Lanes added since, in which there is nothing of these runs. */
const ADDED_LANES = { backends: { rows: [], spans: [] } };

type Views = Awaited<ReturnType<typeof renderViews>>;

function eventsOf(run: string): LabEvent[] {
  const text = readFileSync(join(import.meta.dirname, `${run}.ndjson`), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => labEvent.parse(upgradeEvent(JSON.parse(line))));
}

function shownBefore(run: string): Views {
  const text = gunzipSync(readFileSync(join(import.meta.dirname, `${run}.views.json.gz`))).toString("utf8");
  return JSON.parse(REWORDED.reduce((reworded, [before, now]) => reworded.replaceAll(before, now), text));
}

/** Serialised as in a file. */
async function shownNow(run: string): Promise<Views> {
  return withoutHeadline(JSON.parse(JSON.stringify(await renderViews(eventsOf(run)))));
}

/** What reports say since then of what happened; of these runs no step was narrated. */
function withoutHeadline({ report, markdown, html, ...views }: Views): Views {
  const { headline, ...rest } = report;
  const isAdded = (line: string) => /^(\.headline|\.told) |^<p class="headline">/.test(line);
  return {
    ...views,
    report: rest as Views["report"],
    markdown: markdown.map((line) =>
      line
        .replace(` | ${headline} |`, " |")
        .replace(" | What happened |", " |")
        .replace(/^(\| --- ){5}\|$/, "| --- | --- | --- | --- |"),
    ),
    html: html.filter((line) => !isAdded(line)).map((line) => line.replace(/"headline":"[^"]*",/, "")),
  };
}

describe.each(RUNS)("a run recorded by an earlier version, %s,", (run) => {
  test("has the same timeline", async () => {
    expect((await shownNow(run)).timeline).toEqual({ ...shownBefore(run).timeline, ...ADDED_LANES });
  });

  test.each([
    "errorSeqs",
    "instantsMs",
    "selects",
    "texts",
    "terminal",
    "moments",
    "compared",
    "junit",
    "markdown",
  ] as const)("has the same %s", async (view) => {
    expect((await shownNow(run))[view]).toEqual(shownBefore(run)[view]);
  });

  test("has the same report; decisions are timed from when the run began, not from its first event", async () => {
    const lateMs = eventsOf(run)[0]?.atMs ?? 0;
    const [before, now] = [shownBefore(run).report, (await shownNow(run)).report];
    expect(shifted(now, 0)).toEqual(shifted(before, 0));
    for (const [index, { atMs }] of before.decisions.entries()) {
      expect(Math.abs((now.decisions[index]?.atMs ?? 0) - (atMs + lateMs))).toBeLessThanOrEqual(1);
    }
    for (const [index, { startMs, endMs }] of before.calls.entries()) {
      const call = now.calls[index];
      expect(Math.abs(lasted(call) - lasted({ startMs, endMs }))).toBeLessThanOrEqual(1);
    }
  });

  test("is exported with the same spans, to the millisecond; they are one trace now, and calls are below steps", async () => {
    const [before, now] = [spansIn(shownBefore(run).otlp), spansIn((await shownNow(run)).otlp)];
    expect(now.map(({ what }) => what)).toEqual(before.map(({ what }) => what));
    for (const [index, { nanos }] of before.entries()) {
      for (const [at, nano] of nanos.entries()) {
        expect(Number(abs((now[index]?.nanos[at] ?? 0n) - nano))).toBeLessThanOrEqual(1_000_000);
      }
    }
  });

  test("has the same summary, but for times", async () => {
    const summed = (lines: string[]) => withoutNumbers(lines).filter((line) => /^<(?:tr|p|ul)\b/.test(line));
    expect(summed((await shownNow(run)).html)).toEqual(summed(shownBefore(run).html));
  });
});

function lasted(call: { startMs: number; endMs: number | null } | undefined): number {
  return (call?.endMs ?? Number.NaN) - (call?.startMs ?? Number.NaN);
}

/** A report with the times of its decisions and calls set to one; no end of a call was recorded then. */
function shifted(report: Views["report"], ms: number): Views["report"] {
  return {
    ...report,
    decisions: report.decisions.map((decision) => ({ ...decision, atMs: ms })),
    calls: report.calls.map((call) => ({ ...call, startMs: ms, endMs: ms, outcome: null })),
  };
}

const NANOS = /"(\d{19})"/g;
/** Fields for a span's position in its trace, which has changed; attributes added since. */
const POSITION = new Set(["traceId", "spanId", "parentSpanId", "links"]);
const ADDED = /^(resilience_lab\.(step\.joined_by|call\.)|gen_ai\.)/;

/** Each span without its position, and its times; sorted by content. */
function spansIn(trace: unknown): { what: string; nanos: bigint[] }[] {
  const { resourceSpans } = trace as { resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[] };
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  const described = spans.map((span) => {
    const kept = Object.fromEntries(Object.entries(span).filter(([key]) => !POSITION.has(key)));
    const attributes = (span.attributes as { key: string }[]).filter(
      ({ key }) => key === "resilience_lab.call.id" || !ADDED.test(key),
    );
    const text = JSON.stringify({ ...kept, attributes });
    return {
      what: text.replaceAll(NANOS, '"time"'),
      nanos: [...text.matchAll(NANOS)].map(([, digits = ""]) => BigInt(digits)),
    };
  });
  return described.sort((a, b) => (a.what < b.what ? -1 : 1));
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The position of a label follows from that of its bar. */
function withoutNumbers(lines: readonly string[]): string[] {
  return lines.map((line) =>
    line
      .replaceAll(/\d+(\.\d+)?( ms| s| min)?/g, "0")
      .replaceAll(/,"outcome":null/g, "")
      .replaceAll(/class="(inside|beside before|beside)"/g, 'class="label"')
      .replaceAll(/<text class="label"[^>]*>[^<]*<\/text>/g, ""),
  );
}
