import { groupedCheck, groupRepeats, type TextPiece } from "../brief-text.ts";
import { type CheckResult, resultOf } from "../check-result.ts";
import type { EventOf } from "../lab-event.ts";
import type { Tone } from "../tone.ts";
import { type EventEntry, line, plain, type TextPart } from "./entry.ts";

export const CHECK_TONES: Record<CheckResult, Tone> = { passed: "passed", failed: "failed", inconclusive: "warning" };

export const checkEvaluated: EventEntry<"check.evaluated"> = {
  title: "Check",
  summary: { lane: "checks" },
  priority: "essential",
  opens: [],
  closes: [],
  describe: (event) => ({ kind: "check", text: describeCheck(event), tone: CHECK_TONES[resultOf(event)] }),
  print(event) {
    const { check, observed, inconclusive } = event;
    const grouped = groupedCheck(event);
    const expected = [plain("expected "), ...grouped.expected.map(toPart)];
    const lines = {
      passed: ["ok", [plain(shorten(groupRepeats(observed)))]],
      failed: ["FAILED", [...expected, plain("; observed "), ...grouped.observed.map(toPart)]],
      inconclusive: ["INCONCLUSIVE", [...expected, plain(`; ${inconclusive}`)]],
    } as const satisfies Record<CheckResult, readonly [string, TextPart[]]>;
    const result = resultOf(event);
    const [verdict, parts] = lines[result];
    return line("check", { text: verdict, tone: CHECK_TONES[result] }, plain(` ${check}: `), ...parts);
  },
  isFailure: ({ passed }) => !passed,
  track: (event, run) => void run.instant("check", event.atMs, event),
  subject: ({ seq }, { checks }) => checks.find((check) => check.seq === seq),
};

export const warning: EventEntry<"warning"> = {
  title: "Warning",
  summary: { lane: "warnings" },
  priority: "essential",
  opens: [],
  closes: [],
  describe: ({ message }) => ({ kind: "warning", text: message, tone: "warning" }),
  print: ({ message }) => line("warning", { text: message, tone: "warning" }),
  isFailure: () => true,
  track: (event, run) => void run.instant("warning", event.atMs, event),
};

function describeCheck({ check, passed, inconclusive, expected, observed }: EventOf<"check.evaluated">): string {
  if (inconclusive !== undefined) return `${check}: inconclusive: ${inconclusive}`;
  return passed ? `${check}: passed` : `${check}: expected ${expected}; observed ${observed}`;
}

function toPart({ text, isMarked }: TextPiece): TextPart {
  return isMarked ? { text, isStrong: true } : plain(text);
}

const SHORT = 100;

function shorten(text: string): string {
  return text.length <= SHORT ? text : `${text.slice(0, SHORT)}...`;
}
