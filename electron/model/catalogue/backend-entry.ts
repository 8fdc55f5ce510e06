import type { Tone } from "../tone.ts";
import { type EventEntry, line, plain } from "./entry.ts";

/** Of the states that gateways report; another one is neutral. */
const TONES_BY_STATE: Readonly<Record<string, Tone>> = {
  healthy: "up",
  degraded: "degraded",
  unhealthy: "down",
  unauthenticated: "down",
  unknown: "unknown",
  closed: "up",
  "half-open": "degraded",
  open: "down",
};

export const toneOfBackend = (state: string): Tone => TONES_BY_STATE[state] ?? "neutral";

export const backendChanged: EventEntry<"backend.changed"> = {
  title: "Backend of the gateway",
  priority: "essential",
  opens: ["backend"],
  closes: ["backend"],
  describe: ({ backend, what, from, to, reason }) => ({
    kind: "backend",
    text: `${backend}: ${what} ${from} → ${to} (${reason})`,
    tone: toneOfBackend(to),
  }),
  /** A backend that is healthy at first is expected, and not printed. */
  print({ backend, what, from, to, reason }) {
    if (from === "unknown" && to === "healthy") return [];
    const reasonPart = { text: reason, tone: "muted" as Tone };
    return line(
      "backend",
      plain(`${backend} ${what} ${from} -> `),
      { text: to, tone: toneOfBackend(to) },
      plain("  "),
      reasonPart,
    );
  },
  isFailure: ({ to }) => toneOfBackend(to) === "down",
  track({ seq, atMs, changedWallMs, backend, what, from, to, reason }, run) {
    const key = `${backend} ${what}`;
    const startMs = run.clock.at(changedWallMs, atMs);
    run.end(seq, "backend", startMs, key);
    run.open(seq, "backend", key, { name: key, startMs, status: to, attributes: { backend, what, from, reason } });
  },
  subject: ({ seq }, { backends }) => backends.find((period) => period.seq === seq),
};
