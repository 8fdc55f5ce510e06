import { expect, test } from "vitest";
import type { Span } from "../../electron/model/span.ts";
import { dotShare, faultText } from "./map-dots.ts";

test("a call travels along its link and stays before its server; with reduced motion it stands", () => {
  const shares = [0, 100, 200, 400, 60_000].map((ms) => dotShare(ms, 0, false));
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBeLessThan(1);
  expect(shares[0]).toBeGreaterThan(0);
  expect([0, 100, 60_000].map((ms) => dotShare(ms, 0, true))).toEqual([0.5, 0.5, 0.5]);
  expect(dotShare(400, 1, false)).toBeLessThan(dotShare(400, 0, false));
});

test("a fault has its countdown, in whole seconds", () => {
  const fault = { attributes: { kind: "stop", expiresMs: 600_500 } } as Span<"fault">;
  expect(faultText([fault], 599_300)).toBe("stopped 0:02");
  expect(faultText([fault], 500)).toBe("stopped 10:00");
  expect(faultText([fault], 600_501)).toBe("stopped");
  expect(faultText([], 0)).toBe("");
});
