import { resultOf } from "../check-result.ts";
import { formatDuration } from "../duration.ts";
import type { RunView } from "../run-view.ts";
import { CALL_ENDINGS, ENDING_PHRASES, type EndedCall, endedCalls } from "./call-ending.ts";

/** One respect in which two runs differ, with its count or text on each side. */
export interface RunDifference {
  what: string;
  left: string;
  right: string;
  /** The first moment at which the runs part. */
  isFirst?: true;
}

const NONE = "–";
/** Durations differ from run to run: below this they are the same. */
const SAME_WITHIN_MS = 500;

/** What differs between two runs of a scenario, the moment at which they part first; empty when nothing does. */
export function differencesOf(left: RunView, right: RunView): RunDifference[] {
  const [calls, others] = [endedCalls(left), endedCalls(right)];
  const counts = CALL_ENDINGS.map((ending): RunDifference => {
    const count = (all: readonly EndedCall[]) => String(all.filter((call) => call.ending === ending).length);
    return { what: `calls: ${ENDING_PHRASES[ending].were}`, left: count(calls), right: count(others) };
  });
  const of = (what: string, text: (view: RunView) => string): RunDifference => ({
    what,
    left: text(left),
    right: text(right),
  });
  const all = [
    ...firstOf(calls, others),
    ...counts,
    { what: "attempts at servers", left: attemptsOf(calls), right: attemptsOf(others) },
    of("checks passed", checksOf),
    of("outcome", ({ ended }) => ended?.outcome ?? "in progress"),
    ...durationsOf(left, right),
  ];
  return all.filter((each) => each.left !== each.right);
}

function firstOf(calls: readonly EndedCall[], others: readonly EndedCall[]): RunDifference[] {
  const longest = Math.max(calls.length, others.length);
  for (let index = 0; index < longest; index++) {
    const [left, right] = [sentenceOf(calls[index]), sentenceOf(others[index])];
    if (left !== right) return [{ what: `call ${index + 1}`, left, right, isFirst: true }];
  }
  return [];
}

function sentenceOf(call: EndedCall | undefined): string {
  return call === undefined ? NONE : `${call.name} ${ENDING_PHRASES[call.ending].was}`;
}

function attemptsOf(calls: readonly EndedCall[]): string {
  return String(calls.reduce((sum, { attempts }) => sum + (attempts ?? 0), 0));
}

function checksOf({ checks }: RunView): string {
  const passed = checks.filter(({ event }) => resultOf(event) === "passed").length;
  return `${passed} of ${checks.length}`;
}

function durationsOf(left: RunView, right: RunView): RunDifference[] {
  const [first, second] = [left.ended?.atMs ?? left.lastMs, right.ended?.atMs ?? right.lastMs];
  if (Math.abs(first - second) < SAME_WITHIN_MS) return [];
  return [{ what: "duration", left: formatDuration(first), right: formatDuration(second) }];
}
