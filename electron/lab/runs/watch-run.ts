import { within } from "../abort-scope.ts";
import { FaultWatch } from "../faults/fault-watch.ts";
import { HitLogger } from "../faults/hit-logger.ts";
import { ProxyWatch } from "../faults/proxy-watch.ts";
import { SidecarWatch } from "../faults/sidecar-watch.ts";
import { WireLogger } from "../faults/wire-logger.ts";
import { WireWatch } from "../faults/wire-watch.ts";
import { messageOf } from "../lab-error.ts";
import { callSources } from "../scenarios/call-sources.ts";
import { observedLinks } from "../scenarios/observed-links.ts";
import type { RunContext } from "../scenarios/run-context.ts";
import type { Scenario } from "../scenarios/schema.ts";
import { type LogLine, SHOWN_LINE_CHARS } from "../stacks/log-tail.ts";
import type { AuditRow } from "../traces/audit-reader.ts";
import type { CallEnd } from "../traces/call-row.ts";
import { WHOLE_LINE_CHARS } from "../traces/logged-decisions.ts";
import { followBackends } from "./follow-backends.ts";
import { followDecisions } from "./follow-decisions.ts";
import { awaitsEnd, type FollowedEnds, followEnds, noteMissingEnds } from "./follow-ends.ts";
import type { RunPolicy } from "./run-policy.ts";
import { settleEnds } from "./settle-ends.ts";

/** A call that started before the run is not part of it; tolerance for clock differences. */
const CLOCK_SLACK_MS = 100;
/** The fault proxy has a clock of its own, and both are read in whole milliseconds. */
const WIRE_SLACK_MS = 2;
/** Logged lines of one service in one run; further lines are only counted. */
const LOG_LINES_LIMIT = 2_000;

/** A watcher that has not ended by then is abandoned, so that the run can end. */
const CLOSE_LIMIT_MS = 10_000;

/** The watchers of a run, which end with it, also when only some of them could be started. */
export class Watchers {
  readonly #ends: (() => unknown)[] = [];
  #isClosed = false;

  /** A watcher that is added after {@link close}, since its run was cancelled while it started, is ended at once. */
  add(end: () => unknown): void {
    this.#ends.push(end);
    if (this.#isClosed) void this.close();
  }

  /** Ends all watchers in the order in which they were added. Resolves to the problems, one text each. */
  async close(): Promise<string[]> {
    this.#isClosed = true;
    const problems: string[] = [];
    for (const end of this.#ends.splice(0)) {
      try {
        await within(new AbortController().signal, CLOSE_LIMIT_MS, async () => end());
      } catch (error) {
        problems.push(`a watcher of this run could not be ended: ${messageOf(error)}`);
      }
    }
    return problems;
  }
}

/**
 * Logs what happens around the run: health, decisions, ends of calls, changes of backends, output of services, hits of
 * faults, calls on links.
 * @throws when one of them cannot be followed; those that were started before it are among the watchers
 */
export async function watchRun(
  context: RunContext,
  { policy, scenario }: { policy: RunPolicy; scenario: Scenario },
  watchers: Watchers,
): Promise<void> {
  const { stack, log, clock, faults } = context;
  for (const service of stack.health.services()) {
    const { status: to, reason, latencyMs } = stack.health.health(service);
    if (to === "unknown") continue; // not checked yet: its first check is logged as a transition
    log.append({ type: "health.changed", service, from: "unknown", to, reason, latencyMs });
  }
  watchers.add(stack.health.onTransition((transition) => log.append({ type: "health.changed", ...transition })));
  watchers.add(stack.onNotice((message) => log.append({ type: "warning", code: "engine", message })));
  const lines = new Map<string, number>();
  let takeLine: (line: LogLine) => void = () => {};
  const logs = stack.followLogs((printed) => {
    const { service, stream } = printed;
    const count = (lines.get(service) ?? 0) + 1;
    lines.set(service, count);
    const line = printed.line.slice(0, SHOWN_LINE_CHARS);
    if (count <= LOG_LINES_LIMIT) log.append({ type: "service.log", service, stream, line });
    takeLine(printed);
  }, WHOLE_LINE_CHARS + 1);
  watchers.add(() => logs.close());
  watchers.add(() => {
    for (const [service, count] of lines) {
      if (count <= LOG_LINES_LIMIT) continue;
      log.append({ type: "service.logs-dropped", service, lines: count - LOG_LINES_LIMIT });
    }
  });
  const isFromBefore = (startedWallMs: number) =>
    !policy.takesEarlierCalls && startedWallMs < log.startedWallMs - CLOCK_SLACK_MS;
  const isOfRun = (end: CallEnd) => isCounted(end, context) && !isFromBefore(end.startedWallMs);
  let followed: FollowedEnds | undefined;
  const isEndToCome = (row: AuditRow) => awaitsEnd(followed, row);
  const [decisions, ends, backends] = await Promise.all([
    followDecisions(context, {
      isFromBefore,
      isEndToCome,
      isCounted: (ids) => isCounted(ids, context),
      isOfMethod: (wallMs) => isOfMethod(context, wallMs),
      logs,
      onLine: (take) => {
        takeLine = take;
      },
    }),
    followEnds(stack, log, isOfRun),
    followBackends(stack, log, ({ changedWallMs }) => !isFromBefore(changedWallMs)),
  ]);
  followed = ends;
  context.decisions = decisions;
  watchers.add(() => context.decisions.close());
  if ("reader" in ends) {
    const settle = () => settleEnds(context, ends.reader);
    context.ends = { settle };
    watchers.add(() => settle().finally(() => ends.reader.close()));
  }
  // After the ends: those wait for what the gateway is about to write.
  watchers.add(async () => {
    await backends?.read().finally(() => backends.close());
  });
  if (stack.stack.decisions === undefined) noteMissingEnds(log, ends, decisions);
  const isOurs = (id: string) => context.view().faults.some(({ attributes }) => attributes.fault === id);
  const hits = new HitLogger(log, isOurs);
  const counted = callSources(scenario, stack.stack).links;
  const calls = new WireLogger({
    log,
    isOurs,
    isCounted: ({ link, at }) => counted.includes(link) && isOfMethod(context, at + WIRE_SLACK_MS),
  });
  const bodiesOf = observedLinks(scenario).flatMap(({ link, bodies }) => (bodies ? [link] : []));
  context.calls = calls;
  context.proxy = await ProxyWatch.start({
    stack,
    log,
    clock,
    hits,
    isToBeRevived: (service) => policy.revivesProxy && !faults.inForce().some(({ target }) => target === service),
  });
  watchers.add(() => context.proxy?.close());
  context.sidecars = SidecarWatch.start(stack, hits, calls, bodiesOf);
  watchers.add(() => context.sidecars?.close());
  context.wire = await WireWatch.start({ stack, clock, calls, bodiesOf });
  watchers.add(async () => {
    await context.wire?.read();
    await context.wire?.close();
    calls.close();
  });
  const faultWatch = FaultWatch.start({ stack, faults, clock });
  watchers.add(() => faultWatch.close());
}

/** Whether a call started after the steady state was found, and before faults are rolled back. */
function isOfMethod(context: RunContext, startedWallMs: number): boolean {
  const atMs = startedWallMs - context.log.startedWallMs;
  const phase = context.view().phases.findLast(({ startMs }) => startMs <= atMs)?.attributes.phase;
  return phase === "method" || phase === "checks";
}

/** False for calls of the steady state, which are not part of the run. */
function isCounted({ sessionId, turnId }: { sessionId: string; turnId: string }, { uncounted }: RunContext): boolean {
  return !uncounted.has(sessionId) && !uncounted.has(turnId);
}
