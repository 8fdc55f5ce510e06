import { expect, test } from "vitest";
import { readXml } from "../../testing/read-xml.ts";
import { renderEvaluations } from "./evaluation-report.ts";

test("in JUnit, what could not be read of a file is an error, so that a report is not greener than the exit code", () => {
  const files = [
    { file: "none.json", evaluations: [], problems: ["span 0: its <start> is none"], error: "it has no traces" },
    { file: "part.json", evaluations: [], problems: ["line 2: no JSON"] },
    { file: "whole.json", evaluations: [], problems: [] },
  ];
  const suites = readXml(renderEvaluations("junit", files));
  expect(suites.attributes).toMatchObject({ tests: "2", failures: "0", errors: "2" });
  const [suite] = suites.children;
  expect(suite?.children.map(({ attributes, children }) => [attributes.name, children[0]?.attributes.message])).toEqual(
    [
      ["reads the file", "it has no traces; span 0: its <start> is none"],
      ["reads all of the file", "line 2: no JSON"],
    ],
  );
});
