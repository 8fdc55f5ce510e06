import { formatDuration } from "../duration.ts";
import type { RunView } from "../run-view.ts";
import { CALL_ENDINGS, type CallEnding, ENDING_PHRASES, type EndedCall } from "./call-ending.ts";
import { ordinal } from "./display-name.ts";
import { reachedServer, realFaults } from "./fault-phrase.ts";

interface Group {
  ending: CallEnding;
  calls: EndedCall[];
}

/** With more changes than these the calls are counted by how they ended, whatever their order. */
const ORDERED_GROUPS = 3;
/** With so few calls each is named. */
const NAMED_CALLS = 3;
/** Calls that took this long are worth a word. */
const SLOW_MS = 500;

/** `5 calls failed`, `the 6th was refused by the budget`. Empty for a run without calls. */
export function callClauses(view: RunView, calls: readonly EndedCall[]): string[] {
  const runs = inOrder(calls);
  const isOrdered = runs.length <= ORDERED_GROUPS && followEachOther(runs);
  const groups = isOrdered ? runs : byEnding(calls);
  const isNamed = calls.length <= NAMED_CALLS && new Set(calls.map(({ name }) => name)).size === calls.length;
  let before = 0;
  return groups.map((group, index) => {
    const count = group.calls.length;
    const position = isOrdered ? before + 1 : undefined;
    before += count;
    const subject = subjectOf(group, { index, position, isNamed });
    return `${subject} ${phraseOf(view, group)}${afterRecovery(view, group, index)}`;
  });
}

/** What else is worth saying. */
export function furtherClauses(view: RunView, calls: readonly EndedCall[]): string[] {
  const sent = calls.filter(({ attempts }) => (attempts ?? 0) > 0);
  const requests = sent.reduce((sum, call) => sum + (call.attempts ?? 0), 0);
  const clauses = requests > sent.length ? [`(${requests} requests sent)`] : [];
  const slowestMs = Math.max(0, ...calls.filter(isAnswered).map(({ startMs, endMs }) => endMs - startMs));
  if (slowestMs >= SLOW_MS) {
    const after = `after ${formatDuration(slowestMs)}`;
    if (calls.length === 1) clauses.unshift(after);
    else clauses.push(`the slowest ${after}`);
  }
  if (view.backends.some(({ status, attributes }) => attributes.what === "circuit" && status === "open")) {
    clauses.push("the circuit opened");
  }
  return clauses;
}

function isAnswered({ ending, endMs }: EndedCall): boolean {
  return (ending === "ok" || ending === "redacted") && Number.isFinite(endMs);
}

function inOrder(calls: readonly EndedCall[]): Group[] {
  const groups: Group[] = [];
  for (const call of calls) {
    const last = groups.at(-1);
    if (last?.ending === call.ending) last.calls.push(call);
    else groups.push({ ending: call.ending, calls: [call] });
  }
  return groups;
}

/** Difference of two clocks, each read in whole milliseconds. */
const CLOCK_SLACK_MS = 2;

/** Whether no call of a group overlaps one of the next: only then has a call a position. */
function followEachOther(groups: readonly Group[]): boolean {
  return groups.every((group, index) => {
    const next = groups[index + 1];
    if (next === undefined) return true;
    const endMs = Math.max(...group.calls.map((call) => call.endMs));
    return next.calls.every(({ startMs }) => startMs >= endMs - CLOCK_SLACK_MS);
  });
}

function byEnding(calls: readonly EndedCall[]): Group[] {
  const groups = Map.groupBy(calls, ({ ending }) => ending);
  return CALL_ENDINGS.flatMap((ending) => {
    const own = groups.get(ending);
    return own === undefined ? [] : [{ ending, calls: own }];
  });
}

function subjectOf(
  { calls }: Group,
  { index, position, isNamed }: { index: number; position: number | undefined; isNamed: boolean },
): string {
  const count = calls.length;
  if (isNamed && count === 1) return calls[0]?.name || "a call";
  if (index === 0) return `${count} ${count === 1 ? "call" : "calls"}`;
  return count === 1 && position !== undefined ? `the ${ordinal(position)}` : `${count}`;
}

function phraseOf(view: RunView, { ending, calls }: Group): string {
  const isUnprotected = (view.started?.without.length ?? 0) > 0;
  const refused = calls.filter(({ wasRefusedByCircuit }) => wasRefusedByCircuit).length;
  if (ending === "failed" && refused < calls.length) {
    if (isUnprotected && realFaults(view).length > 0) {
      if (refused === 0) return `reached ${reachedServer(view)}`;
      return `failed (${calls.length - refused} of them at ${reachedServer(view)})`;
    }
    if (refused > 0) return `failed (${refused} of them refused by the open circuit)`;
  }
  const { was, were } = ENDING_PHRASES[ending];
  return calls.length === 1 ? was : were;
}

/** Of calls that succeeded once every fault was undone, after others that had not. */
function afterRecovery(view: RunView, { ending, calls }: Group, index: number): string {
  const faults = realFaults(view);
  if (faults.length === 0) return "";
  const undoneMs = Math.max(...faults.map(({ endMs }) => endMs));
  const isAfter = ending === "ok" && index > 0 && calls.every(({ startMs }) => startMs >= undoneMs);
  return isAfter ? " after the recovery" : "";
}
