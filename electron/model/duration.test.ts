import { describe, expect, test } from "vitest";
import { COMPOSE_DURATION_PATTERN, formatDuration, formatSpanDuration, parseDuration } from "./duration.ts";

describe("reads", () => {
  test.each([
    ["0ms", 0],
    ["500ms", 500],
    ["5s", 5_000],
    ["1.5s", 1_500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["1m30s", 90_000],
    ["1h5m30s20ms", 3_930_020],
  ])("%s", (text, ms) => expect(parseDuration(text)).toBe(ms));

  // Go's time.ParseDuration, by which compose reads its files.
  test.each([
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["250us", 0.25],
    ["2500ns", 0.0025],
    [".5s", 500],
    ["1.s", 1_000],
    ["0", 0],
    ["5s5s", 10_000],
  ])("%s in a compose file", (text, ms) => expect(parseDuration(text, COMPOSE_DURATION_PATTERN)).toBeCloseTo(ms, 9));

  test.each(["", "5", "-5s", "1d", "1m 30s", "s"])("not %j in a compose file", (text) => {
    expect(parseDuration(text, COMPOSE_DURATION_PATTERN)).toBeUndefined();
  });

  test.each([
    "",
    "5",
    "s",
    "5 s",
    " 5s",
    "5s ",
    "-5s",
    "+5s",
    "5S",
    "5sec",
    ".5s",
    "1.s",
    "1e3ms",
    "250us",
    "\n5s",
    "5s\n",
    "NaNs",
    "Infinitys",
    "٥s",
  ])("not %j", (text) => expect(parseDuration(text)).toBeUndefined());
});

describe("writes", () => {
  test.each([
    [0, "0 ms"],
    [0.4, "0 ms"],
    [850, "850 ms"],
    [1_520, "1.52 s"],
    [15_040, "15.0 s"],
    [125_000, "2 min 5 s"],
    [3_600_000, "60 min 0 s"],
  ])("%d ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

  test("the next unit before the number gets too long for this one", () => {
    expect(formatDuration(999.6)).toBe("1.00 s");
    expect(formatDuration(9_999)).toBe("10.0 s");
    expect(formatDuration(59_990)).toBe("1 min 0 s");
    expect(formatDuration(119_600)).toBe("2 min 0 s");
  });
});

test.each([
  [0, "0 ms"],
  [0.035, "35 µs"],
  [0.9996, "1 ms"],
  [12.4, "12 ms"],
])("a span of %d ms lasts %s", (ms, text) => expect(formatSpanDuration(ms)).toBe(text));
