import type { RunView } from "../run-view.ts";
import type { Span } from "../span.ts";
import { type EventEntry, line, plain } from "./entry.ts";

const subject = ({ fault }: { fault: string }, { faults }: RunView): Span<"fault"> | undefined =>
  faults.find(({ attributes }) => attributes.fault === fault);

export const faultIntended: EventEntry<"fault.intended"> = {
  title: "Fault",
  summary: { lane: "faults" },
  priority: "essential",
  opens: ["fault"],
  closes: [],
  describe: ({ kind, target, undo }) => ({
    kind: "fault",
    text: `about to ${kind} ${target}; undo: ${undo}`,
    tone: "fault",
  }),
  print: ({ kind, target, undo }) => line("fault", { text: kind, tone: "fault" }, plain(` ${target}  (undo: ${undo})`)),
  track({ seq, atMs, wallMs, fault, kind, target, undo, containers, expiresWallMs }, run) {
    const expiresMs = atMs + expiresWallMs - wallMs;
    const attributes = { fault, kind, target, undo, expiresMs, ...(containers && { containers }) };
    run.open(seq, "fault", fault, { name: `${kind} ${target}`, startMs: atMs, status: "intended", attributes });
  },
  subject,
};

export const faultApplied: EventEntry<"fault.applied"> = {
  title: "Fault",
  summary: { lane: "faults" },
  priority: "essential",
  opens: [],
  closes: [],
  describe: ({ detail }) => ({ kind: "fault", text: detail, tone: "fault" }),
  track({ seq, atMs, fault, detail }, run) {
    run.amend(seq, "fault", fault, ({ attributes, status }) => ({
      status: status === "intended" ? "applied" : status,
      attributes: { ...attributes, appliedMs: atMs, detail },
    }));
  },
  subject,
};

export const faultHit: EventEntry<"fault.hit"> = {
  title: "A request met a fault",
  summary: { lane: "hits" },
  priority: "essential",
  opens: [],
  closes: [],
  describe: ({ effect, tool, method, link }) => ({
    kind: "fault",
    text: `${effect}: ${tool ?? method ?? "a request"} on ${link}`,
    tone: "fault",
  }),
  print: ({ link, effect, tool }) => line("hit", plain(`${link}${tool ? ` ${tool}` : ""}: ${effect}`)),
  track(event, run) {
    run.instant("hit", event.atMs, event);
    if (event.traceId) run.met(event.seq, event.traceId, event.fault);
  },
  subject: ({ seq }, { hits }) => hits.find((hit) => hit.seq === seq),
};

export const faultUndone: EventEntry<"fault.undone"> = {
  title: "Fault",
  summary: { lane: "faults" },
  priority: "essential",
  opens: [],
  closes: ["fault"],
  describe: ({ result, detail }) => ({
    kind: "fault",
    text: `${result}: ${detail}`,
    tone: result === "restored" ? "up" : "failed",
  }),
  print: ({ result, detail }) =>
    line(
      result === "refused" ? "fault" : "undo",
      { text: result, tone: result === "restored" ? "up" : "failed" },
      plain(`: ${detail}`),
    ),
  isFailure: ({ result }) => result === "not restored",
  track({ seq, atMs, fault, result, detail, hits }, run) {
    run.amend(seq, "fault", fault, ({ attributes }) => ({
      endMs: atMs,
      status: result,
      attributes: { ...attributes, detail, ...(hits === undefined ? {} : { countedHits: hits }) },
    }));
  },
  subject,
};
