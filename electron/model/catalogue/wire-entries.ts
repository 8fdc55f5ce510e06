import { formatDuration } from "../duration.ts";
import type { EventOf } from "../lab-event.ts";
import { OPEN } from "../span.ts";
import { toneOfWire } from "../tone.ts";
import { type EventEntry, line, plain, type TextPart } from "./entry.ts";

/** An exchange on a link. One that was open for long has two events: the first opens its span, the second ends it. */
export const wireCall: EventEntry<"wire.call"> = {
  title: "Call on a link",
  summary: { lane: "links" },
  priority: "essential",
  opens: ["wire"],
  closes: ["wire"],
  describe: (event) => ({
    kind: "wire",
    text: `${event.link} ${nameOf(event)}: ${endOf(event)}`,
    tone: event.outcome === "error" ? "failed" : "muted",
  }),
  print: (event) => (isWorthALine(event) ? line("call", ...partsOf(event)) : []),
  isFailure: ({ isCounted, outcome }) => isCounted === true && outcome === "error",
  track(event, run) {
    const { runId: _run, seq, atMs, wallMs: _wall, type: _type, startedWallMs, endedWallMs, outcome, ...what } = event;
    const startMs = run.clock.at(startedWallMs, atMs);
    const endMs = endedWallMs === undefined ? OPEN : run.clock.at(endedWallMs, atMs);
    const links = event.faults.flatMap((fault) => run.find("fault", fault)?.id ?? []);
    const changed = { name: nameOf(event), startMs, endMs, status: outcome, attributes: what, links };
    if (run.find("wire", event.call) === undefined) {
      run.open(seq, "wire", event.call, { ...changed, parent: run.stepAt(startMs) });
    } else run.amend(seq, "wire", event.call, () => changed);
  },
  subject: ({ call }, { wireCalls }) => wireCalls.find(({ attributes }) => attributes.call === call),
};

export const wireCallsDropped: EventEntry<"wire.calls-dropped"> = {
  title: "Calls on a link left out",
  priority: "essential",
  opens: [],
  closes: [],
  describe: (event) => ({ kind: "wire", text: droppedText(event), tone: "muted" }),
  print: (event) => line("warning", { text: droppedText(event), tone: "warning" }),
  track: (event, run) => void run.instant("wire calls dropped", event.atMs, event),
};

function droppedText({ link, calls }: EventOf<"wire.calls-dropped">): string {
  return `${calls} ${calls === 1 ? "call" : "calls"} on ${link} ${calls === 1 ? "is" : "are"} not in the log: there were too many`;
}

function nameOf({ tool, method, http }: EventOf<"wire.call">): string {
  return tool ?? method ?? http;
}

function endOf({ outcome, status, error }: EventOf<"wire.call">): string {
  if (outcome === "error") return error ?? "error";
  return [outcome, status].filter((part) => part !== undefined).join(", HTTP ");
}

/** Where the gateway records calls itself, its record is printed. */
function isWorthALine({ isCounted, endedWallMs }: EventOf<"wire.call">): boolean {
  return isCounted === true && endedWallMs !== undefined;
}

function partsOf(event: EventOf<"wire.call">): TextPart[] {
  const { link, outcome, error, startedWallMs, endedWallMs = startedWallMs } = event;
  return [
    plain(`${link} ${nameOf(event)} `),
    { text: outcome, tone: toneOfWire(outcome) },
    plain(` after ${formatDuration(endedWallMs - startedWallMs)}`),
    ...(error === undefined ? [] : [plain("  "), { text: error, tone: "muted" as const }]),
  ];
}
