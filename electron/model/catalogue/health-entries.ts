import type { Tone } from "../tone.ts";
import { type EventEntry, line, plain } from "./entry.ts";

export const healthChanged: EventEntry<"health.changed"> = {
  title: "Health",
  summary: { lane: "health", name: "service" },
  priority: "essential",
  opens: ["health"],
  closes: ["health"],
  describe: ({ service, from, to, reason }) => ({
    kind: "health",
    text: `${service}: ${from} → ${to} (${reason})`,
    tone: to,
  }),
  /** The first `up` of a service is expected and not printed. */
  print({ service, from, to, reason }) {
    if (from === "unknown" && to === "up") return [];
    const reasonPart = { text: reason, tone: "muted" as Tone };
    return line("health", plain(`${service} ${from} -> `), { text: to, tone: to }, plain("  "), reasonPart);
  },
  isFailure: ({ to }) => to === "down",
  track({ seq, atMs, service, from, to, reason, latencyMs }, run) {
    run.end(seq, "health", atMs, service);
    const attributes = { from, reason, ...(latencyMs === undefined ? {} : { latencyMs }) };
    run.open(seq, "health", service, { name: service, startMs: atMs, status: to, attributes });
  },
  subject: ({ seq }, { health }) => health.find((stretch) => stretch.seq === seq),
};
