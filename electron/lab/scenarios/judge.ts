import { isDeepStrictEqual } from "node:util";
import { within } from "../abort-scope.ts";
import { evaluate, isLive, type LiveCheck, type Verdict, verdict } from "./checks.ts";
import type { RunContext } from "./run-context.ts";
import type { Check } from "./schema.ts";

/** Health may lag behind what has just been done by a probe or two. */
const HEALTH_GRACE_MS = 5_000;

/** Judges a check now, with every decision made so far in view. */
export async function judge(
  check: Check,
  context: RunContext,
  methodMs: number,
  signal: AbortSignal,
): Promise<Verdict> {
  if (isLive(check)) return judgeLive(check, context, signal);
  await context.settleAudit(signal);
  return evaluate(check, { view: context.view(), methodMs, answer: context.answer });
}

async function judgeLive(check: LiveCheck, context: RunContext, signal: AbortSignal): Promise<Verdict> {
  if ("http" in check) {
    const reply = await context.getJson(check.http, check.path, signal);
    const name = `http ${check.http}${check.path}`;
    return verdict(name, hasFields(reply, check.json), JSON.stringify(check.json), shorten(JSON.stringify(reply)));
  }
  const { service, is } = check;
  const { health } = context.stack;
  const seen = within(signal, HEALTH_GRACE_MS, (limit) => health.waitFor(service, is, limit));
  await seen.catch(() => signal.throwIfAborted());
  const { status, reason } = health.health(service);
  return verdict(`${service} is ${is}`, status === is, is, `${status} (${reason})`);
}

/** Every field of `wanted` is in `reply` with the same value; objects are compared the same way, all else exactly. */
export function hasFields(reply: unknown, wanted: unknown): boolean {
  if (!isObject(wanted) || !isObject(reply)) return isDeepStrictEqual(reply, wanted);
  return Object.entries(wanted).every(([key, value]) => hasFields(reply[key], value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shorten(text: string | undefined): string {
  return text === undefined || text.length <= 500 ? (text ?? "nothing") : `${text.slice(0, 500)} ...`;
}
