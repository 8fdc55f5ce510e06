import { describe, expect, test } from "vitest";
import { decided, eventAt } from "../../testing/sample-events.ts";
import { Redactor } from "./redactor.ts";
import { ordinaryValues } from "./testing/ordinary-values.ts";
import { RandomText } from "./testing/random-text.ts";
import { SECRET_SAMPLES } from "./testing/secret-samples.ts";

const SEEDS = [1, 2, 3, 4, 5];

test("at least sixty kinds are tested", () => {
  expect(new Set(SECRET_SAMPLES.map(({ what }) => what)).size).toBeGreaterThanOrEqual(60);
});

describe("redacts", () => {
  test.each(SECRET_SAMPLES)("$what", ({ make }) => {
    for (const seed of SEEDS) {
      const { text, secret } = make(new RandomText(seed));
      const spelled = JSON.stringify(secret).slice(1, -1);
      const bodies = [
        decided({ arguments: { deep: [{ note: text }] }, reason: text }),
        // JSON escapes a line break as a letter, directly before the secret.
        { type: "step.ended", step: "step-1", outcome: "ok", output: { answer: `first line\n${text}` } } as const,
        { type: "service.log", service: "gateway", stream: "stdout", line: text } as const,
        { type: "check.evaluated", check: "answer", passed: false, expected: text, observed: text } as const,
      ];
      for (const body of bodies) {
        const { line } = new Redactor().event(eventAt(1, body));
        expect(line).not.toContain(spelled);
        expect(line).toMatch(/\[redacted: [a-z0-9-]+ \d+\]/);
      }
      expect(new Redactor().text(text)).not.toContain(secret);
    }
  });
});

test("at most one of a hundred ordinary values is taken for a secret", () => {
  const values = ordinaryValues(2_000, 7);
  const changed = values.filter((value) => new Redactor().text(value) !== value);
  expect(changed.length, changed.slice(0, 10).join("\n")).toBeLessThanOrEqual(values.length / 100);
});
