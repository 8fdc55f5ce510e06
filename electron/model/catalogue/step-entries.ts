import { isObject } from "../json.ts";
import { type EventEntry, line, plain } from "./entry.ts";

const PHASE = "phase";

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
  track({ seq, atMs, step, kind, label, background }, run) {
    const attributes = { step, kind, background };
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
    return answer === undefined ? [] : line("answer", plain(answer.replaceAll(/\s+/g, " ")));
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

/** A text field of a step's output, if present. */
function textIn(output: unknown, name: "answer" | "turnId"): string | undefined {
  const value = isObject(output) ? output[name] : undefined;
  return typeof value === "string" ? value : undefined;
}
