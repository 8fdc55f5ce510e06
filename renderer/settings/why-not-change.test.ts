import { describe, expect, it } from "vitest";
import type { Capabilities } from "../../electron/contract/capabilities.ts";
import { historyLimitProblem, operatorProblem, whyNotChange } from "./why-not-change.ts";

describe("settings", () => {
  it("accepts a number of runs within the lab's limits", () => {
    expect(historyLimitProblem("10")).toBeUndefined();
    expect(historyLimitProblem("100000")).toBeUndefined();
    for (const wrong of ["", " ", "9", "100001", "12.5", "1e3", "many"])
      expect(historyLimitProblem(wrong)).toBeDefined();
  });

  it("accepts a name that the approval channel accepts", () => {
    for (const name of ["dana.q-1_x", "Dana Quist", "Seán O’Brien, Jr.", "Müller-Lüdenscheidt", "王 小明", "José"]) {
      expect(operatorProblem(name), name).toBeUndefined();
    }
    for (const wrong of ["", " ", " dana", "dana ", "two\nlines", "a\tb", "a\u202eb", "a".repeat(81), "<b>"])
      expect(operatorProblem(wrong)).toBeDefined();
  });

  it("reports why nothing can be changed", () => {
    const capabilities = { readOnlyBecause: "the history is of a newer lab" } as Capabilities;
    expect(whyNotChange({ capabilities, connection: { is: "connected" } })).toMatch("newer lab");
    expect(whyNotChange({ capabilities, connection: { is: "closed" } })).toMatch("reached");
    expect(
      whyNotChange({ capabilities: { ...capabilities, readOnlyBecause: null }, connection: { is: "connected" } }),
    ).toBeUndefined();
  });
});
