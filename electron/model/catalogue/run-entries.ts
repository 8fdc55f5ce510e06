import { groupRepeats } from "../brief-text.ts";
import { formatDuration } from "../duration.ts";
import type { Outcome } from "../lab-event.ts";
import type { Tone } from "../tone.ts";
import { visibleLine } from "../visible-text.ts";
import { type EventEntry, type PrintedLine, plain, type TextPart } from "./entry.ts";

/** Colours of the outcome in a terminal. */
const VERDICT_TONES: Record<Outcome, Tone> = {
  passed: "passed",
  failed: "failed",
  inconclusive: "warning",
  precondition: "warning",
  residue: "failed",
  cancelled: "warning",
  interrupted: "warning",
  error: "failed",
};

/** As a list of events shows its end: whatever is not green, and was not ended by a person, stands out. */
const END_TONES: Record<Outcome, Tone> = {
  passed: "passed",
  failed: "failed",
  inconclusive: "failed",
  precondition: "failed",
  residue: "failed",
  cancelled: "muted",
  interrupted: "failed",
  error: "failed",
};

export const runStarted: EventEntry<"run.started"> = {
  title: "Start of the run",
  priority: "essential",
  opens: [],
  closes: [],
  describe: ({ scenario }) => ({ kind: "run", text: `${visibleLine(scenario.title)} started`, tone: "neutral" }),
  print({ scenario, without, engine, raw, roles = {} }) {
    const heading: TextPart[] = [{ text: scenario.id, isStrong: true }, plain(`  ${scenario.title}`)];
    if (without.length > 0) heading.push({ text: `  (without ${without.join(", ")})`, tone: "warning" });
    if (engine?.startsWith("REMOTE")) heading.push({ text: `  (on ${engine})`, tone: "failed" });
    if (raw) heading.push({ text: "  (raw: not redacted, cannot be exported)", tone: "warning" });
    const lines: PrintedLine[] = [{ parts: [] }, { parts: heading }];
    if (scenario.patterns.length > 0) {
      lines.push({ parts: [{ text: `patterns: ${scenario.patterns.join(", ")}`, tone: "muted" }] });
    }
    const cast = Object.entries(roles).map(([role, service]) => `${role} is ${service}`);
    if (cast.length > 0) lines.push({ parts: [{ text: `here: ${cast.join(", ")}`, tone: "muted" }] });
    return lines;
  },
  track: (event, run) => run.begin(event),
};

export const runEnded: EventEntry<"run.ended"> = {
  title: "End of the run",
  priority: "essential",
  opens: [],
  closes: ["phase", "health", "backend"],
  describe: ({ outcome, reason }) => ({
    kind: "run",
    text: `${outcome}: ${reason}`,
    tone: END_TONES[outcome],
  }),
  print({ outcome, reason, atMs }) {
    const verdict: TextPart = { text: outcome.toUpperCase(), tone: VERDICT_TONES[outcome], isStrong: true };
    return [
      {
        parts: [
          verdict,
          plain(` in ${formatDuration(atMs)}${outcome === "passed" ? "" : `  ${groupRepeats(reason)}`}`),
        ],
      },
    ];
  },
  isFailure: ({ outcome }) => outcome !== "passed" && outcome !== "cancelled",
  /** Other open spans stay open: their ends are unknown. */
  track(event, run) {
    run.end(event.seq, "phase", event.atMs);
    run.end(event.seq, "health", event.atMs);
    run.end(event.seq, "backend", event.atMs);
    run.finish(event);
  },
};
