import { expect, test } from "vitest";
import { loadText } from "./load.ts";
import { matrixOf } from "./matrix.ts";

function loaded(id: string, protection?: string) {
  const scenario = {
    ...{ id, title: id, patterns: [], ...(protection === undefined ? {} : { protection }) },
    ...{ steadyState: [{ service: "a", is: "up" }], method: [{ wait: "1s" }], expect: [{ within: "5s" }] },
  };
  return loadText(JSON.stringify(scenario), `${id}.yaml`)[0] as ReturnType<typeof loadText>[number];
}

test("each scenario is run with every protection, and without its own or those named", () => {
  const runs = (...named: string[]) =>
    matrixOf([loaded("storm", "budget"), loaded("plain")], named).map(
      ({ loaded: { scenario }, without, showsFailure }) => [scenario.id, without.join(), showsFailure],
    );
  expect(runs()).toEqual([
    ["storm", "", false],
    ["storm", "budget", true],
    ["plain", "", false],
  ]);
  expect(runs("budget", "redaction")).toEqual([
    ["storm", "", false],
    ["storm", "budget", true],
    ["storm", "redaction", false],
    ["plain", "", false],
    ["plain", "budget", false],
    ["plain", "redaction", false],
  ]);
});
