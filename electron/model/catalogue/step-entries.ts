import { type CallOutput, isCallOutput } from "../call-output.ts";
import { formatDuration } from "../duration.ts";
import { isObject } from "../json.ts";
import { type EventEntry, line, plain, type TextPart } from "./entry.ts";

const PHASE = "phase";
/** Of a reply in a terminal. */
const SHOWN_CHARS = 200;

export const phaseStarted: EventEntry<"phase.started"> = {
  title: "Phase",
  summary: { lane: "phases" },
  priority: "essential",
  opens: ["phase"],
  closes: ["phase"],
  describe: ({ phase }) => ({ kind: "phase", text: phase, tone: "neutral" }),
  track({ seq, atMs, phase }, run) {
    run.end(seq, "phase", atMs, PHASE);
    run.open(seq, "phase", PHASE, { name: phase, startMs: atMs, status: "running", attributes: { phase } });
  },
};

export const stepStarted: EventEntry<"step.started"> = {
  title: "Step",
  summary: { lane: "steps" },
  priority: "essential",
  opens: ["step"],
  closes: [],
  describe: ({ label }) => ({ kind: "step", text: label, tone: "step" }),
  print: ({ label, background }) => line("step", plain(`${label}${background ? " (in the background)" : ""}`)),
  track({ seq, atMs, step, kind, label, say, background, written }, run) {
    const attributes = { step, kind, background, ...(say && { say }), ...(written && { written }) };
    run.open(seq, "step", step, {
      name: label,
      startMs: atMs,
      status: "running",
      attributes,
      parent: run.find("phase", PHASE)?.id,
    });
  },
  subject: ({ step }, { steps }) => steps.find(({ attributes }) => attributes.step === step),
};

export const stepEnded: EventEntry<"step.ended"> = {
  title: "Step",
  summary: { lane: "steps" },
  priority: "essential",
  opens: [],
  closes: ["step"],
  describe: ({ step, outcome, error }) => ({
    kind: "step",
    text: outcome === "ok" ? `${step} done` : `${step} ${outcome}: ${error ?? ""}`,
    tone: outcome === "failed" ? "failed" : "muted",
  }),
  print({ outcome, error, output }) {
    if (outcome !== "ok") return line("step", { text: `${outcome}: ${error ?? ""}`, tone: "failed" });
    const answer = textIn(output, "answer");
    if (answer !== undefined) return line("answer", plain(oneLine(answer)));
    return isCallOutput(output) ? line("answer", ...callParts(output)) : [];
  },
  isFailure: ({ outcome }) => outcome === "failed",
  track({ seq, atMs, step, outcome, error, output }, run) {
    run.amend(seq, "step", step, ({ attributes }) => ({
      endMs: atMs,
      status: outcome,
      attributes: {
        ...attributes,
        ...(error === undefined ? {} : { error }),
        ...(output === undefined ? {} : { output }),
      },
    }));
    const turnId = textIn(output, "turnId");
    if (turnId !== undefined) run.made(seq, step, turnId);
  },
  subject: ({ step }, { steps }) => steps.find(({ attributes }) => attributes.step === step),
};

function callParts({ tool, ok, decision, detail, durationMs }: CallOutput): TextPart[] {
  const text = oneLine(detail);
  return [
    plain(`${tool} `),
    { text: decision, tone: ok ? "allow" : "failed" },
    plain(` after ${formatDuration(durationMs)}`),
    ...(text === "" ? [] : [plain(`: ${text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)} ...`}`)]),
  ];
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** A text field of a step's output, if present. */
function textIn(output: unknown, name: "answer" | "turnId"): string | undefined {
  const value = isObject(output) ? output[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
