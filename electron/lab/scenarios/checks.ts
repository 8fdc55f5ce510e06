import { formatDuration } from "../../model/duration.ts";
import { isObject } from "../../model/json.ts";
import type { Decision } from "../../model/lab-event.ts";
import type { RunView } from "../../model/run-view.ts";
import { CALL_ENDS, type CallEnding, type Check, type CheckOf, hasAmount } from "./check-schema.ts";
import { countedCalls, isCounted } from "./counted-calls.ts";
import { hitsOf, nameOf } from "./fault-hit.ts";
import type { Scenario } from "./schema.ts";

/** The data that a check is judged by. */
export interface Facts {
  view: RunView;
  methodMs: number;
  /** The answer of the last agent step, if there was one. */
  answer: string | undefined;
  /** How the checks are read; absent: as the lab reads them. */
  reading?: Scenario["reading"];
  /** Sessions that agents have named. In ToolGate's reading, when there are any, only their decisions count. */
  sessions?: ReadonlySet<string>;
}

export interface Verdict {
  /** The check's name, as written in the scenario. */
  check: string;
  passed: boolean;
  /** Why the check is inconclusive, if it is; `passed` is false then. */
  inconclusive?: string;
  expected: string;
  observed: string;
}

/** Thrown where a verdict is needed to continue and the data for it is missing. */
export class Inconclusive extends Error {}

export function describeVerdict({ check, expected, observed, inconclusive }: Verdict): string {
  if (inconclusive === undefined) return `${check}: expected ${expected}; observed ${observed}`;
  return `${check} could not be told: ${inconclusive}; expected ${expected}; observed so far ${observed}`;
}

/** Checks that send a request to a service; the others are judged from the run's log alone. */
export type LiveCheck = Extract<Check, { service: string } | { http: string }>;
/** Judged from the log as well, but not at once. */
export type EvaluateCheck = Extract<Check, { evaluate: unknown }>;
/** Judged by those that it is made of. */
export type EitherCheck = Extract<Check, { either: unknown }>;
export type LogCheck = Exclude<Check, LiveCheck | EvaluateCheck | EitherCheck>;

export function isLive(check: Check): check is LiveCheck {
  return "service" in check || "http" in check;
}

/** Judges a check from the log, the same way in a live run and in one from history. */
export function evaluate(check: LogCheck, facts: Facts): Verdict {
  const isToolGate = facts.reading === "toolgate";
  const { sessions } = facts;
  const isOfAgent = ({ sessionId }: { sessionId?: string }) =>
    !isToolGate || !sessions?.size || (sessionId !== undefined && sessions.has(sessionId));
  const decisions = facts.view.decisions.filter(({ event }) => isOfAgent(event));
  const tools = countedCalls(facts.view)
    .filter(isOfAgent)
    .map(({ tool }) => tool);
  if ("mustInclude" in check) {
    return verdict("mustInclude", isSubsequence(check.mustInclude, tools), list(check.mustInclude), list(tools));
  }
  if ("mustNotInclude" in check) {
    const found = check.mustNotInclude.filter((tool) => tools.includes(tool));
    return verdict("mustNotInclude", found.length === 0, `none of ${list(check.mustNotInclude)}`, list(tools));
  }
  if ("policyOutcome" in check) {
    const all = decisions.map(({ event }) => event.decision);
    const last = (isToolGate ? all.flatMap(toolGateDecision) : all).at(-1);
    return verdict("policyOutcome", last === check.policyOutcome, check.policyOutcome, last ?? "no decision");
  }
  if ("mustNotContainInArgs" in check) {
    const found = foundInArguments(check.mustNotContainInArgs, { decisions });
    const expected = `no argument holds ${list(check.mustNotContainInArgs)}`;
    const observed = found.length > 0 ? `held: ${list(found)}` : `${decisions.length} rows, none holds it`;
    return verdict(
      "mustNotContainInArgs",
      found.length === 0 && (decisions.length > 0 || isToolGate),
      expected,
      observed,
    );
  }
  if ("decisions" in check) {
    const rows = decisions.map(({ event: { tool, decision } }) => `${tool} ${decision}`);
    const isSame = rows.length === check.decisions.length && rows.every((row, index) => row === check.decisions[index]);
    return verdict("decisions", isSame, list(check.decisions), list(rows));
  }
  if ("call" in check) return callStep(check, facts.view);
  if ("within" in check) {
    const { within } = check;
    return verdict("within", facts.methodMs <= within, formatDuration(within), formatDuration(facts.methodMs));
  }
  if ("trajectory" in check) return trajectory(check.trajectory, tools);
  if ("count" in check) {
    const { tool } = check.count;
    const counted = countedIn(check.count);
    const seen = countAny(facts.view, counted, tool);
    const what = `${tool ? `${tool} ` : ""}${isCallEnd(counted) ? callsText(counted) : counted}`;
    return verdict("count", isWithin(seen, check.count), `${what}: ${amountText(check.count)}`, `${what}: ${seen}`);
  }
  if ("ratio" in check) {
    const { of, to, atMost } = check.ratio;
    const [above, below] = [countAny(facts.view, of), countAny(facts.view, to)];
    const observed = `${above} ${of} to ${below} ${to}`;
    return verdict("ratio", below > 0 && above / below <= atMost, `at most ${atMost} ${of} for each ${to}`, observed);
  }
  if ("faultHit" in check) return faultHit(check.faultHit, facts.view);
  return answer(check.answer, facts.answer);
}

/** The decision that ToolGate records: none for an approver's decision, `allow` for a redacted call. */
function toolGateDecision(decision: Decision): Decision[] {
  if (decision === "approved" || decision === "denied") return [];
  return [decision === "redact" ? "allow" : decision];
}

function faultHit(wanted: Extract<Check, { faultHit: unknown }>["faultHit"], view: RunView): Verdict {
  if (wanted === "none") return verdict("faultHit", true, "nothing", "not checked, as the scenario says");
  const amount = hasAmount(wanted) ? wanted : { atLeast: 1 };
  const hits = hitsOf(view, wanted);
  const seen = hits === 0 ? "no hits" : `${hits}`;
  return verdict(nameOf(wanted), isWithin(hits, amount), amountText(amount), seen);
}

function trajectory(wanted: { tools: string[]; match: "EXACT" | "IN_ORDER" | "ANY_ORDER" }, tools: string[]): Verdict {
  const { match } = wanted;
  const isMet = {
    EXACT: () => tools.length === wanted.tools.length && isSubsequence(wanted.tools, tools),
    IN_ORDER: () => isSubsequence(wanted.tools, tools),
    ANY_ORDER: () => isSubsequence([...wanted.tools].sort(), [...tools].sort()),
  }[match]();
  return verdict("trajectory", isMet, `${match} ${list(wanted.tools)}`, list(tools));
}

function answer(
  wanted: { contains?: string | undefined; lacks?: string | undefined },
  given: string | undefined,
): Verdict {
  const text = given?.toLowerCase() ?? "";
  const hasAll = wanted.contains === undefined || text.includes(wanted.contains.toLowerCase());
  const lacksAll = wanted.lacks === undefined || !text.includes(wanted.lacks.toLowerCase());
  const expected = [
    ...(wanted.contains === undefined ? [] : [`contains "${wanted.contains}"`]),
    ...(wanted.lacks === undefined ? [] : [`lacks "${wanted.lacks}"`]),
  ].join(" and ");
  return verdict("answer", given !== undefined && hasAll && lacksAll, expected, given ?? "no agent has answered");
}

export function verdict(check: string, passed: boolean, expected: string, observed: string): Verdict {
  return { check, passed, expected, observed };
}

export function foundInArguments(wanted: readonly string[], { decisions }: Pick<RunView, "decisions">): string[] {
  const texts = decisions.flatMap(({ event: row }) => [JSON.stringify(row.arguments) ?? "", ...textsIn(row.arguments)]);
  return wanted.filter((each) => texts.some((text) => text.includes(each)));
}

/** Every string in a value, unescaped: JSON escapes quotes and line breaks. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsIn(inner)]);
}

/** Whether `wanted` is a subsequence of `seen`. */
export function isSubsequence(wanted: readonly string[], seen: readonly string[]): boolean {
  let next = 0;
  for (const item of seen) if (item === wanted[next]) next++;
  return next === wanted.length;
}

/** What a check counts: a decision, or how calls end. */
export function countedIn({ decision, calls }: CheckOf<"count">["count"]): Decision | CallEnding {
  return decision ?? calls ?? "any";
}

export function isCallEnd(counted: Decision | CallEnding): counted is CallEnding {
  return (CALL_ENDS as readonly string[]).includes(counted);
}

export function countAny(view: RunView, counted: Decision | CallEnding, tool?: string): number {
  if (!isCallEnd(counted)) return countOf(view, counted, tool);
  return countedCalls(view).filter((call) => isCounted(call, counted) && (tool === undefined || call.tool === tool))
    .length;
}

function callsText(ending: CallEnding): string {
  return ending === "any" ? "calls" : `calls that ended in ${ending}`;
}

function callStep({ call, is, contains, within, atLeast }: CheckOf<"call">, view: RunView): Verdict {
  const step = view.steps.findLast(({ name, attributes: { kind, output } }) => {
    return kind === "call" && isObject(output) && (name === call || output.tool === call);
  });
  const output = step?.attributes.output;
  const expected = [
    ...(is === undefined ? [] : [is]),
    ...(within === undefined ? [] : [`within ${formatDuration(within)}`]),
    ...(atLeast === undefined ? [] : [`after ${formatDuration(atLeast)} at the earliest`]),
    ...(contains === undefined ? [] : [`contains "${contains}"`]),
  ].join(", ");
  if (!isObject(output)) return verdict(`call ${call}`, false, expected, "it was not made to its end");
  const { ok, decision, detail, durationMs } = output;
  const text = String(detail ?? "");
  const isMet =
    (is === undefined || ok === (is === "ok")) &&
    (within === undefined || Number(durationMs) <= within) &&
    (atLeast === undefined || Number(durationMs) >= atLeast) &&
    (contains === undefined || text.toLowerCase().includes(contains.toLowerCase()));
  const observed = `${String(decision)} after ${formatDuration(Number(durationMs))}${text === "" ? "" : `: ${text}`}`;
  return verdict(`call ${call}`, isMet, expected, observed);
}

export function countOf(view: RunView, decision: Decision, tool?: string): number {
  return view.decisions.filter(
    ({ event }) => event.decision === decision && (tool === undefined || event.tool === tool),
  ).length;
}

interface Amount {
  exactly?: number | undefined;
  atLeast?: number | undefined;
  atMost?: number | undefined;
}

function isWithin(seen: number, { exactly, atLeast, atMost }: Amount): boolean {
  return (
    (exactly === undefined || seen === exactly) &&
    (atLeast === undefined || seen >= atLeast) &&
    (atMost === undefined || seen <= atMost)
  );
}

function amountText({ exactly, atLeast, atMost }: Amount): string {
  return [
    ...(exactly === undefined ? [] : [`exactly ${exactly}`]),
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ].join(" and ");
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "nothing" : items.join(", ");
}
