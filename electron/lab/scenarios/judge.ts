import { isTimeout, within } from "../abort-scope.ts";
import { messageOf } from "../lab-error.ts";
import { inconclusive, withMissing } from "./certainty.ts";
import type { Check } from "./check-schema.ts";
import { type EitherCheck, evaluate, isLive, type LiveCheck, type LogCheck, type Verdict, verdict } from "./checks.ts";
import { evaluateCheck } from "./evaluate-check.ts";
import type { FaultHitCheck } from "./fault-hit.ts";
import { hasFields } from "./fields.ts";
import type { RunContext } from "./run-context.ts";
import { settle, unknownEnds } from "./settle-calls.ts";

/** Health may lag behind a change by one or two probes. */
const HEALTH_GRACE_MS = 5_000;
const HTTP_LIMIT_MS = 10_000;

/** Judges a check now, by every decision made so far. */
export async function judge(
  check: Check,
  context: RunContext,
  methodMs: number,
  signal: AbortSignal,
): Promise<Verdict> {
  if ("either" in check) return judgeEither(check, context, methodMs, signal);
  if (isLive(check)) return "http" in check ? judgeHttp(check, context, signal) : judgeHealth(check, context, signal);
  if ("faultHit" in check) return judgeFaultHit(check, context, methodMs);
  const missing = await settle(context, signal);
  if ("evaluate" in check) {
    const seen = await evaluateCheck(check, context.view(), signal);
    const [unknown] = missing;
    return unknown === undefined || seen.inconclusive !== undefined ? seen : inconclusive(seen, unknown.why);
  }
  const { answer, reading, sessions } = context;
  const facts = { view: context.view(), methodMs, answer, reading, sessions };
  const seen = withMissing(check, evaluate(check, facts), facts.view, missing);
  if (seen.inconclusive !== undefined || !countsEnds(check)) return seen;
  const unknown = unknownEnds(context);
  return unknown === undefined ? seen : inconclusive(seen, unknown);
}

/** Holds if all checks of one set do; else says what kept each set from it. */
async function judgeEither({ either }: EitherCheck, ...rest: [RunContext, number, AbortSignal]): Promise<Verdict> {
  const kept: Verdict[] = [];
  for (const set of either) {
    const verdicts: Verdict[] = [];
    for (const each of set) verdicts.push(await judge(each, ...rest));
    const failed = verdicts.find(({ passed }) => !passed);
    const texts = (of: "expected" | "observed") => verdicts.map((each) => `${each.check} ${each[of]}`).join(" and ");
    if (failed === undefined) return verdict("either", true, texts("expected"), texts("observed"));
    kept.push(failed);
  }
  const expected = kept.map(({ check, expected: wanted }) => `${check} ${wanted}`).join(", or ");
  const observed = kept.map(({ check, observed: seen }) => `${check} ${seen}`).join(", and ");
  const seen = verdict("either", false, expected, observed);
  const unknown = kept.find(({ inconclusive: why }) => why !== undefined)?.inconclusive;
  return unknown === undefined ? seen : inconclusive(seen, unknown);
}

/** Whether a check counts how calls ended. */
function countsEnds(check: LogCheck): boolean {
  if ("count" in check) return check.count.calls === "ok" || check.count.calls === "error";
  return (
    "ratio" in check && [check.ratio.of, check.ratio.to].some((counted) => counted === "ok" || counted === "error")
  );
}

/** The fault proxy reports hits: while it cannot be reached, hits may be missing. */
async function judgeFaultHit(check: FaultHitCheck, context: RunContext, methodMs: number): Promise<Verdict> {
  const isRead = await context.readHits();
  const seen = evaluate(check, { view: context.view(), methodMs, answer: context.answer });
  const { faultHit: wanted } = check;
  const isBounded = wanted !== "none" && (wanted.exactly !== undefined || wanted.atMost !== undefined);
  return isRead || (seen.passed && !isBounded) ? seen : inconclusive(seen, "the fault proxy could not be reached");
}

async function judgeHttp(
  { http, path, json }: Extract<LiveCheck, { http: string }>,
  context: RunContext,
  signal: AbortSignal,
): Promise<Verdict> {
  const name = `http ${http}${path}`;
  const expected = JSON.stringify(json);
  try {
    const reply = await within(signal, HTTP_LIMIT_MS, (limit) => context.get(http, path, limit));
    const { json: body = reply.text } = reply;
    return verdict(name, hasFields(body, json), expected, shorten(JSON.stringify(body)));
  } catch (error) {
    signal.throwIfAborted();
    return inconclusive(verdict(name, false, expected, "no answer"), messageOf(error));
  }
}

async function judgeHealth(
  { service, is }: Extract<LiveCheck, { service: string }>,
  context: RunContext,
  signal: AbortSignal,
): Promise<Verdict> {
  const { health } = context.stack;
  let isSeen = true;
  await within(signal, HEALTH_GRACE_MS, (limit) => health.waitFor(service, is, limit)).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!isTimeout(error)) throw error;
    isSeen = false;
  });
  const { status, reason } = health.health(service);
  const seen = verdict(`${service} is ${is}`, status === is, is, `${status} (${reason})`);
  // The last result may predate the wait, and a probe that could not check says nothing about the service.
  const couldNotCheck = status === "unknown" && is !== "unknown";
  if (couldNotCheck) return inconclusive(seen, `${service} could not be checked: ${reason}`);
  if (!isSeen && status === is) return inconclusive(seen, `no check of ${service} has completed since`);
  return seen;
}

function shorten(text: string | undefined): string {
  return text === undefined || text.length <= 500 ? (text ?? "nothing") : `${text.slice(0, 500)} ...`;
}
