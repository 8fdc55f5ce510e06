import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import type { LabEvent } from "../../../model/lab-event.ts";
import { decided, sampleRun } from "../../../testing/sample-events.ts";
import type { RunRecord } from "../format.ts";
import { RecordedViewer } from "../recorded-viewer.ts";
import { runWith } from "../testing/recorded-run.ts";

const HOSTILE =
  "</script></style></svg><script>alert(1)</script><img src=x onerror=alert(1)>\u2028\u2029\u0000\u202e\ud800 \"'`&amp; ]]> <!--";

const VIEWER = { script: "0;", style: "p { margin: 0; }" };

async function pageOf(events: readonly LabEvent[], viewer: typeof VIEWER | null = VIEWER): Promise<string> {
  const ended = events.at(-1) as Extract<LabEvent, { type: "run.ended" }>;
  const record: RunRecord = {
    id: "run-1",
    scenarioId: "mcp-crash",
    scenarioTitle: "The MCP server crashes",
    driver: "process",
    without: [],
    outcome: ended.outcome,
    reason: ended.reason,
    startedWallMs: 1_700_000_000_010,
    durationMs: ended.atMs,
    events: events.length,
  };
  let page = "";
  const write = (text: string) => {
    page += text;
    return undefined;
  };
  const recorded = new RecordedViewer(viewer ?? undefined, { write, end: async () => {} }, 1);
  await recorded.beginRun(record, {
    name: "",
    tags: [],
    notes: [{ id: "n", atMs: 90, text: "Watch <this>.", writtenWallMs: 1 }],
  });
  for (const event of events) await recorded.event(event, JSON.stringify(event));
  await recorded.endEvents();
  await recorded.endRun();
  await recorded.end();
  return page;
}

/** Replaces every string of an event that a stack or a tool could have written by a hostile one. */
function madeHostile(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => madeHostile(item));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, madeHostile(inner, name)]));
  }
  const isWord = [
    "type",
    "runId",
    "outcome",
    "decision",
    "from",
    "to",
    "result",
    "driver",
    "stream",
    "phase",
    "callId",
    "fault",
    "step",
  ].includes(key);
  return typeof value === "string" && !isWord ? `${value}${HOSTILE}` : value;
}

test("narrates a run that has a narration, with its closing once it has passed, and says what happened", async () => {
  const narrated = (outcome: "passed" | "failed") =>
    pageOf(
      sampleRun().map((event) => {
        if (event.type === "run.started") {
          return { ...event, scenario: { ...event.scenario, opening: "A <server> stops.", closing: "It ended well." } };
        }
        if (event.type === "step.started") return { ...event, say: "Watch Slack stop." };
        return event.type === "run.ended" ? { ...event, outcome } : event;
      }),
    );
  const page = await narrated("passed");
  for (const text of [
    "A &lt;server&gt; stops.",
    "Watch Slack stop.",
    "It ended well.",
    "Slack is down: create_refund expired",
  ]) {
    expect(page).toContain(text);
  }
  expect(await narrated("failed")).not.toContain("It ended well.");
  expect(await pageOf(sampleRun())).not.toContain("What happens");
});

test("sums up the verdict, checks, decisions, faults, warnings", async () => {
  const page = await pageOf(sampleRun());
  for (const text of [
    "passed",
    "Checks: 1 of 1 passed",
    "approvalRequired",
    "expired",
    "restored",
    "a warning",
    "Watch &lt;this&gt;.",
  ]) {
    expect(page, text).toContain(text);
  }
});

test("has every event, in order", async () => {
  const base64 = /data-events="run-1">([^<]*)</.exec(await pageOf(sampleRun()))?.[1] ?? "";
  const lines = inflateSync(Buffer.from(base64, "base64")).toString("utf8").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(sampleRun());
});

test("has the summary alone where the viewer was not built, and says so", async () => {
  const page = await pageOf(sampleRun(), null);
  expect(page).toContain("The MCP server crashes");
  expect(page).toContain("summaries alone");
  expect(page).not.toContain("<script");
});

test("loads nothing, and allows only its own script", async () => {
  const page = await pageOf(sampleRun());
  expect(page).not.toMatch(/\b(?:src|href|action|srcset)=|@import|url\(|https?:\/\//);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  const hash = (text = "") => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style]) => hash(style));
  expect(policy).toContain(`style-src ${styles.join(" ")} 'nonce-`);
  expect(policy).not.toContain("connect-src");
  expect(policy).toContain(`script-src ${hash(/<script>([\s\S]*?)<\/script>/.exec(page)?.[1])}`);
  expect(page).not.toMatch(/ (?:style|on\w+)=/);
});

test("text of a stack or a tool opens no tag, ends none and is not a script", async () => {
  const plain = await pageOf(runWith([decided({ arguments: { note: "x" } })]));
  const hostile = await pageOf(madeHostile(runWith([decided({ arguments: { note: "x" } })])) as LabEvent[]);
  const tagsOf = (page: string) => page.match(/<\/?[a-z!][a-z0-9-]*/gi) ?? [];
  expect(tagsOf(hostile).sort()).toEqual(tagsOf(plain).sort());
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters must not occur
  expect(hostile).not.toMatch(/[\u0000\u202e]/);
  expect(hostile.isWellFormed()).toBe(true);
  const data = /<script type="application\/json" data-run="[^"]*">([\s\S]*?)<\/script>/.exec(hostile)?.[1] ?? "";
  expect(data).not.toMatch(/[<>&\u2028\u2029]/);
});

test("stays small for any number of events", async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) =>
    decided({ rowId: `${index}`, callId: `c${index}`, decidedWallMs: 1_700_000_000_000 + index * 10 }),
  );
  const health = Array.from(
    { length: 5_000 },
    (_, index) =>
      ({ type: "health.changed", service: "gateway", from: "up", to: index % 2 ? "up" : "down", reason: "x" }) as const,
  );
  const page = await pageOf(runWith([...rows, ...health]));
  expect(page.length).toBeLessThan(700_000);
  expect(page.includes("The first 300 of 20002")).toBe(true);
});

test("shows a long reason in brief, its first difference marked, and opens it whole", async () => {
  const decisions = (count: number) =>
    Array.from({ length: count }, () => "list allow, list upstream_error").join(", ");
  const expected = `${decisions(5)}, list budgetExceeded`;
  const reason = `decisions: expected ${expected}; observed ${decisions(20)}`;
  const events = sampleRun().map((event): LabEvent => {
    if (event.type === "run.ended") return { ...event, outcome: "failed", reason };
    if (event.type !== "check.evaluated") return event;
    return { ...event, check: "decisions", passed: false, expected, observed: decisions(20) };
  });
  const page = await pageOf(events);
  const both = [
    "list 5 x (allow, upstream_error), <mark>budgetExceeded</mark>",
    "list <mark>20 x</mark> (allow, upstream_error)",
  ];
  for (const brief of both) expect(page.split(brief)).toHaveLength(3);
  expect(page).toContain(`</summary>${reason}</details>`);
});
