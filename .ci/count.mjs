// Says from the files that the test runners leave in test-results/ what was skipped, what took longest, and how many ran.
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

const SLOWEST = 15;

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined);

/** Each test as { name, outcome, ms }. */
function unitTests() {
  const outcomes = { passed: "passed", failed: "failed" };
  return (read("test-results/vitest.json")?.testResults ?? []).flatMap(({ name: file, assertionResults }) =>
    assertionResults.map(({ fullName, status, duration }) => ({
      name: `${relative(process.cwd(), file)}: ${fullName.trim()}`,
      outcome: outcomes[status] ?? "skipped",
      ms: duration ?? 0,
    })),
  );
}

function pageTests() {
  const outcomes = { expected: "passed", unexpected: "failed", flaky: "failed", skipped: "skipped" };
  const ofSuite = ({ file, specs = [], suites = [] }) => [
    ...specs.flatMap(({ title, tests }) =>
      tests.map(({ projectName, status, results }) => ({
        name: `e2e/${file} (${projectName}): ${title}`,
        outcome: outcomes[status],
        ms: results.reduce((sum, { duration }) => sum + duration, 0),
      })),
    ),
    ...suites.flatMap(ofSuite),
  ];
  return (read("test-results/playwright.json")?.suites ?? []).flatMap(ofSuite);
}

const tests = [...unitTests(), ...pageTests()];
const those = (outcome) => tests.filter((test) => test.outcome === outcome);
console.log(`the ${SLOWEST} that took longest:`);
for (const { name, ms } of tests.toSorted((one, other) => other.ms - one.ms).slice(0, SLOWEST)) {
  console.log(`  ${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`);
}
for (const { name } of those("skipped")) console.log(`skipped: ${name}`);
console.log(`${those("passed").length} passed, ${those("failed").length} failed, ${those("skipped").length} skipped`);
