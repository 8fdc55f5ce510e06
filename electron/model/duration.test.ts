import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "./duration.ts";

describe("reads", () => {
  test.each([
    ["0ms", 0],
    ["500ms", 500],
    ["5s", 5_000],
    ["1.5s", 1_500],
    ["2m", 120_000],
    ["1h", 3_600_000],
  ])("%s", (text, ms) => expect(parseDuration(text)).toBe(ms));

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
    "5s5s",
    "1m30s",
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
