import type { EventOf } from "../lab-event.ts";
import type { AnyInstant } from "../span.ts";
import type { EventEntry } from "./entry.ts";

/** Log lines are only in the log: a run may have a hundred thousand, so that no view except their list contains them. */
export const serviceLog: EventEntry<"service.log"> = {
  title: "Log line",
  summary: { lane: "logs", name: "service" },
  priority: "progress",
  opens: [],
  closes: [],
  describe: ({ service, line, stream }) => ({
    kind: service,
    text: line,
    tone: stream === "stderr" ? "stderr" : "log",
  }),
  track: (event, run) => void run.instant("log", event.atMs, event),
  subject: (event) => ({ kind: "log", seq: event.seq, atMs: event.atMs, event }),
};

export const serviceLogsDropped: EventEntry<"service.logs-dropped"> = {
  title: "Lines not recorded",
  summary: { lane: "logs", name: "service" },
  priority: "essential",
  opens: [],
  closes: [],
  describe: (event) => ({ kind: event.service, text: droppedText(event), tone: "warning" }),
  track: (event, run) => void run.instant("logs dropped", event.atMs, event),
};

function droppedText({ lines }: EventOf<"service.logs-dropped">): string {
  return `${lines} more lines were not recorded`;
}

/** Output of a service; without `stream`, the number of lines that were not recorded, in brackets. */
export interface LoggedText {
  service: string;
  stream?: "stdout" | "stderr";
  text: string;
}

/** Undefined for an instant that is not a log line. */
export function logText(instant: AnyInstant): LoggedText | undefined {
  if (instant.kind === "log") {
    const { service, stream, line } = instant.event;
    return { service, stream, text: line };
  }
  if (instant.kind === "logs dropped")
    return { service: instant.event.service, text: `(${droppedText(instant.event)})` };
  return undefined;
}
