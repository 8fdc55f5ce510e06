import type { EventOf, LabEvent, LabEventType } from "../lab-event.ts";
import type { SummaryLane, SummaryName } from "../lanes.ts";
import type { RunView } from "../run-view.ts";
import type { AnyInstant, AnySpan, SpanKind } from "../span.ts";
import { backendChanged } from "./backend-entry.ts";
import { callEnded } from "./call-end-entry.ts";
import { callDecided } from "./call-entry.ts";
import { checkEvaluated, warning } from "./check-entries.ts";
import type { EventEntry, EventLine, PrintedLine, Tracking } from "./entry.ts";
import { faultApplied, faultHit, faultIntended, faultUndone } from "./fault-entries.ts";
import { healthChanged } from "./health-entries.ts";
import { serviceLog, serviceLogsDropped } from "./log-entries.ts";
import { runEnded, runStarted } from "./run-entries.ts";
import { phaseStarted, stepEnded, stepStarted } from "./step-entries.ts";
import { wireCall, wireCallsDropped } from "./wire-entries.ts";

/** All event types. Every display or count of an event is defined here, and nowhere else. */
export const CATALOGUE: { readonly [Type in LabEventType]: EventEntry<Type> } = {
  "run.started": runStarted,
  "phase.started": phaseStarted,
  "step.started": stepStarted,
  "step.ended": stepEnded,
  "health.changed": healthChanged,
  "service.log": serviceLog,
  "service.logs-dropped": serviceLogsDropped,
  "fault.intended": faultIntended,
  "fault.applied": faultApplied,
  "fault.hit": faultHit,
  "fault.undone": faultUndone,
  "call.decided": callDecided,
  "call.ended": callEnded,
  "wire.call": wireCall,
  "wire.calls-dropped": wireCallsDropped,
  "backend.changed": backendChanged,
  "check.evaluated": checkEvaluated,
  warning,
  "run.ended": runEnded,
};

const TYPES = Object.keys(CATALOGUE) as LabEventType[];

/** The entry for the event's type, widened to accept any event. */
function entryOf({ type }: Pick<LabEvent, "type">): EventEntry<LabEventType> {
  return CATALOGUE[type] as EventEntry<LabEventType>;
}

export function titleOf(event: LabEvent): string {
  return entryOf(event).title;
}

export function priorityOf(event: Pick<LabEvent, "type">): "essential" | "progress" {
  return entryOf(event).priority;
}

export function describeEvent(event: LabEvent): EventLine {
  return entryOf(event).describe(event);
}

export function printEvent(event: LabEvent): PrintedLine[] {
  return entryOf(event).print?.(event) ?? [];
}

export function isFailure(event: LabEvent): boolean {
  return entryOf(event).isFailure?.(event) ?? false;
}

/** Whether the event may open a span of this kind, or end one. */
export function opens(event: Pick<LabEvent, "type">, kind: SpanKind): boolean {
  return entryOf(event).opens.includes(kind);
}

export function closes(event: Pick<LabEvent, "type">, kind: SpanKind): boolean {
  return entryOf(event).closes.includes(kind);
}

/** The activity that starts with this event, as text; undefined if it starts none. */
export function activityOf(event: LabEvent): string | undefined {
  return opens(event, "phase") || opens(event, "step") ? describeEvent(event).text : undefined;
}

export function track(event: LabEvent, run: Tracking): void {
  entryOf(event).track?.(event, run);
}

/** The span or instant of this view that the event belongs to, if any. */
export function subjectOf(event: LabEvent, view: RunView): AnySpan | AnyInstant | undefined {
  return entryOf(event).subject?.(event, view);
}

/** Types of events that may open a span of this kind. */
export function typesOpening(kind: SpanKind): LabEventType[] {
  return TYPES.filter((type) => opens({ type }, kind));
}

/** The summary lane in which each event type counts, and the field that names the lane's row. */
export function summaries(): { type: LabEventType; lane: SummaryLane; name?: SummaryName }[] {
  return TYPES.flatMap((type) => {
    const { summary } = entryOf({ type });
    return summary === undefined ? [] : [{ type, ...summary }];
  });
}

/** The service that printed the log line; undefined for other events. */
export function loggedBy(event: LabEvent): string | undefined {
  return entryOf(event).summary?.lane === "logs" && "service" in event ? event.service : undefined;
}

export function isRunStart(event: LabEvent): event is EventOf<"run.started"> {
  return event.type === "run.started";
}

export function isRunEnd(event: LabEvent): event is EventOf<"run.ended"> {
  return event.type === "run.ended";
}

/** A decision after which the call waits for a person. */
export function isApprovalRequest(event: LabEvent): event is EventOf<"call.decided"> {
  return event.type === "call.decided" && event.decision === "approvalRequired";
}

/** A change of this service's health, or of what the gateway thinks of its backends. */
export function isNewsOf(service: string, event: LabEvent): boolean {
  return event.type === "backend.changed" || (event.type === "health.changed" && event.service === service);
}

/** Text that a service printed. */
export function isLogLine(event: LabEvent): event is EventOf<"service.log"> {
  return event.type === "service.log";
}
