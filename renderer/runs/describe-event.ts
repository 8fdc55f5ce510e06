import type { SkippedProgress, StreamItem } from "../../electron/contract/events.ts";
import { resultOf } from "../../electron/model/check-result.ts";
import type { EventOf } from "../../electron/model/lab-event.ts";
import { isRefusal, type Tone } from "../../electron/model/tone.ts";
import { CHECK_LOOKS } from "./check-looks.ts";

/** One line for an event in a list: what kind of thing it is, what happened, and in which colour. */
export interface EventLine {
  kind: string;
  text: string;
  tone: Tone;
}

export function describeEvent(event: StreamItem): EventLine {
  switch (event.type) {
    case "run.started":
      return { kind: "run", text: `${event.scenario.title} begins`, tone: "neutral" };
    case "phase.started":
      return { kind: "phase", text: event.phase, tone: "neutral" };
    case "step.started":
      return { kind: "step", text: event.label, tone: "step" };
    case "step.ended":
      return {
        kind: "step",
        text: event.outcome === "ok" ? `${event.step} done` : `${event.step} ${event.outcome}: ${event.error ?? ""}`,
        tone: event.outcome === "failed" ? "failed" : "muted",
      };
    case "health.changed":
      return {
        kind: "health",
        text: `${event.service}: ${event.from} → ${event.to} (${event.reason})`,
        tone: event.to,
      };
    case "service.log":
      return { kind: event.service, text: event.line, tone: event.stream === "stderr" ? "stderr" : "log" };
    case "service.logs-dropped":
      return { kind: event.service, text: `${event.lines} more lines were not kept`, tone: "warning" };
    case "fault.intended":
      return { kind: "fault", text: `about to ${event.kind} ${event.target}; undo: ${event.undo}`, tone: "fault" };
    case "fault.applied":
      return { kind: "fault", text: event.detail, tone: "fault" };
    case "fault.hit":
      return {
        kind: "fault",
        text: `${event.effect}: ${event.tool ?? event.method ?? "a request"} on ${event.link}`,
        tone: "fault",
      };
    case "fault.undone":
      return {
        kind: "fault",
        text: `${event.result}: ${event.detail}`,
        tone: event.result === "restored" ? "up" : "failed",
      };
    case "call.decided":
      return {
        kind: "decision",
        text: `${event.tool} → ${event.decision}${isRefusal(event.decision) ? `: ${event.reason}` : ""}`,
        tone: event.decision,
      };
    case "call.ended":
      return {
        kind: "call",
        text: `${event.tool} ended: ${event.outcome}${event.error === undefined ? "" : `: ${event.error}`}`,
        tone: "muted",
      };
    case "check.evaluated":
      return {
        kind: "check",
        text: describeCheck(event),
        tone: CHECK_LOOKS[resultOf(event)].tone,
      };
    case "warning":
      return { kind: "warning", text: event.message, tone: "warning" };
    case "run.ended":
      return {
        kind: "run",
        text: `${event.outcome}: ${event.reason}`,
        tone: event.outcome === "passed" ? "passed" : event.outcome === "cancelled" ? "muted" : "failed",
      };
    case "skipped":
      return { kind: "logs", text: skippedText(event), tone: "muted" };
  }
}

function describeCheck({ check, passed, inconclusive, expected, observed }: EventOf<"check.evaluated">): string {
  if (inconclusive !== undefined) return `${check} could not be told: ${inconclusive}`;
  return passed ? `${check} holds` : `${check}: expected ${expected}; observed ${observed}`;
}

function skippedText({ lines }: SkippedProgress): string {
  const count = Object.values(lines).reduce((sum, each) => sum + each, 0);
  return `${count} log lines were not sent, to keep up; open the run again to see them`;
}

/** Does any part of the event hold the text? What is asked for is lower case already. */
export function eventHolds(event: StreamItem, wanted: string): boolean {
  return wanted === "" || JSON.stringify(event).toLowerCase().includes(wanted);
}
