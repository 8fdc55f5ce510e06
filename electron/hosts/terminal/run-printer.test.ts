import { expect, test } from "vitest";
import type { EventOf } from "../../model/lab-event.ts";
import { callEnded, eventAt, eventsOf, passed, started } from "../../testing/sample-events.ts";
import { RunPrinter } from "./run-printer.ts";

const STARTED = 1_700_000_000_000;

test("narrates a run where it is asked to", () => {
  const run = started as EventOf<"run.started">;
  const scenario = { ...run.scenario, opening: "A server crashes.", closing: "It ended well." };
  const step = { type: "step.started", step: "1", kind: "call", label: "call list", background: false } as const;
  const events = eventsOf([{ ...run, scenario }, { ...step, say: "Watch the call.\u001b[2J" }, passed]);
  const linesOf = (narrates: boolean) => {
    const lines: string[] = [];
    const printer = new RunPrinter(
      (line) => lines.push(line),
      (_style, text) => text,
      narrates,
    );
    for (const event of events) printer.take(event);
    return lines.filter((line) => line !== "");
  };
  const [title, patterns, call, end] = linesOf(false);
  expect(linesOf(true)).toEqual([
    title,
    patterns,
    "A server crashes.",
    "Watch the call.⟨U+001B⟩[2J",
    call,
    "It ended well.",
    end,
  ]);
});

function printed(lastedMs: number, row: Partial<EventOf<"call.ended">>): string[] {
  const lines: string[] = [];
  const printer = new RunPrinter(
    (line) => lines.push(line),
    (_style, text) => text,
  );
  printer.take(eventAt(1, callEnded({ startedWallMs: STARTED, endedWallMs: STARTED + lastedMs, ...row })));
  return lines;
}

test.each<[what: string, lastedMs: number, row: Partial<EventOf<"call.ended">>, line: string]>([
  ["took long", 812.4, {}, "list_recent_charges ok after 812 ms"],
  [
    "waited for a person until it expired",
    15_020,
    { outcome: "refused", error: "no" },
    "list_recent_charges refused after 15.0 s",
  ],
  [
    "failed slowly",
    3_000,
    { outcome: "upstream_error", error: "no" },
    "list_recent_charges upstream_error after 3.00 s",
  ],
  [
    "got an error of the tool",
    5,
    { outcome: "tool_error", error: "no" },
    "list_recent_charges tool_error after 5 ms  no",
  ],
  ["was cancelled", 5, { outcome: "cancelled" }, "list_recent_charges cancelled after 5 ms"],
  ["was refused as busy", 5, { outcome: "busy", error: "held" }, "list_recent_charges busy after 5 ms  held"],
  [
    "named no tool",
    1,
    { outcome: "refused", tool: "", backend: "", error: "no name" },
    "(no tool) refused after 1 ms  no name",
  ],
  [
    "named an unknown tool",
    1,
    { outcome: "unknown_tool", tool: "x", backend: "", error: "?" },
    "x unknown_tool after 1 ms  ?",
  ],
])("the end of a call that %s has a line", (_what, lastedMs, row, line) => {
  expect(printed(lastedMs, row)).toEqual([`   0.01 s  call      ${line}`]);
});

test.each(["ok", "refused", "upstream_error"] as const)(
  "the end of a fast call has none when it was %s: the outcome is in the line of its last decision",
  (outcome) => expect(printed(99, { outcome, error: "reported" })).toEqual([]),
);

test("a failed check counts repeats and stresses its first difference; the verdict counts them too", () => {
  const decisions = (count: number) =>
    Array.from({ length: count }, () => "list allow, list upstream_error").join(", ");
  const [expected, observed] = [`${decisions(5)}, list budgetExceeded`, decisions(20)];
  const lines: string[] = [];
  const printer = new RunPrinter(
    (line) => lines.push(line),
    (style, text) => (style.includes("bold") ? `*${text}*` : text),
  );
  printer.take(eventAt(1, { type: "check.evaluated", check: "decisions", passed: false, expected, observed }));
  const reason = `decisions: expected ${expected}; observed ${observed} (and 2 more)`;
  printer.take(eventAt(2, { type: "run.ended", outcome: "failed", reason }));
  expect(lines[0]).toContain(
    "FAILED decisions: expected list 5 x (allow, upstream_error), *budgetExceeded*; observed list *20 x* (allow, upstream_error)",
  );
  expect(lines[1]).toContain("observed list 20 x (allow, upstream_error) (and 2 more)");
});
