// Says from the files that the test runners leave in test-results/ what took longest, what was not run or skipped, and what
// failed and why. Its argument is the exit code of all: some failures are of no test.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

const SLOWEST = 15;
const ERROR_LINES = 30;
const PAGE_LENGTH = 3_000;
const FOLDERS = ["electron", "renderer", "resources/stack", "e2e"];

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined);

/** Each test as { file, name, outcome, ms, errors }; `file` is its path from here, `errors` are the runner's messages. */
function unitTests() {
  const outcomes = { passed: "passed", failed: "failed" };
  return (read("test-results/vitest.json")?.testResults ?? []).flatMap(
    ({ name: path, status, message, assertionResults }) => {
      const file = relative(process.cwd(), path);
      const results = assertionResults.map(({ fullName, status, duration, failureMessages = [] }) => ({
        file,
        name: `${file}: ${fullName.trim()}`,
        outcome: outcomes[status] ?? "skipped",
        ms: duration ?? 0,
        errors: failureMessages,
      }));
      // One that could not be loaded, or what it does before or after its tests.
      if (status !== "failed" || results.some(({ outcome }) => outcome === "failed")) return results;
      return [...results, { file, name: file, outcome: "failed", ms: 0, errors: [message || "outside of its tests"] }];
    },
  );
}

function pageTests(report) {
  const outcomes = { expected: "passed", unexpected: "failed", flaky: "failed", skipped: "skipped" };
  const found = read(join("test-results", report));
  const ofSuite = ({ file: inFolder, specs = [], suites = [] }) => {
    const file = relative(process.cwd(), join(found.config.rootDir, inFolder));
    const own = specs.flatMap(({ title, tests }) =>
      tests.map(({ projectName, status, results }) => ({
        file,
        name: `${file} (${projectName}): ${title}`,
        outcome: outcomes[status],
        ms: results.reduce((sum, { duration }) => sum + duration, 0),
        errors: results.flatMap(({ errors, attachments }) => [
          ...errors.map(({ message, location }) => `${message}\n${at(location)}`),
          ...attachments.map(pageText),
        ]),
      })),
    );
    return [...own, ...suites.flatMap(ofSuite)];
  };
  const outside = (found?.errors ?? []).map(({ message, location }) => {
    const file = location === undefined ? report : relative(process.cwd(), location.file);
    return { file, name: file, outcome: "failed", ms: 0, errors: [`${message}\n${at(location)}`] };
  });
  return [...(found?.suites ?? []).flatMap(ofSuite), ...outside];
}

/** Test files that no test has a result of, whatever the reason. */
function filesNotRun(tests) {
  const run = new Set(tests.map(({ file }) => file));
  const there = FOLDERS.flatMap((folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, path)));
  return there.filter(
    (file) => /\.(?:test|spec)\.tsx?$/.test(file) && !file.includes("node_modules") && !run.has(file),
  );
}

/** What the page said when a test of it failed, from the runner's picture of it in words. */
function pageText({ name, path }) {
  if (name !== "error-context" || !existsSync(path)) return "";
  const snapshot = /# Page snapshot\s+```yaml\n(.*?)```/s.exec(readFileSync(path, "utf8"))?.[1] ?? "";
  const words = snapshot.split("\n").flatMap((line) => {
    if (line.includes("/url:")) return [];
    return line.match(/"(?:[^"\\]|\\.)*"|(?<=: ).+/g) ?? [];
  });
  return words.length > 0 ? `the page: ${words.join(" ").slice(0, PAGE_LENGTH)}` : "";
}

const at = (location) => (location ? `at ${relative(process.cwd(), location.file)}:${location.line}` : "");

const tests = [...unitTests(), ...pageTests("playwright.json"), ...pageTests("playwright-on-docker.json")];
const those = (outcome) => tests.filter((test) => test.outcome === outcome);
console.log(`the ${SLOWEST} that took longest:`);
for (const { name, ms } of tests.toSorted((one, other) => other.ms - one.ms).slice(0, SLOWEST)) {
  console.log(`  ${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`);
}
const turn = Number(process.env.TEST_TURN || NaN);
const ofOtherTurns = Number.isNaN(turn)
  ? []
  : read(".ci/turns.json").flatMap((files, at) => (at + 1 === turn ? [] : files));
const withoutResult = filesNotRun(tests);
const left = withoutResult.filter((file) => ofOtherTurns.includes(file));
const notRun = withoutResult.filter((file) => !ofOtherTurns.includes(file));
for (const file of notRun) console.log(`not run: ${file}`);
for (const { name } of those("skipped")) console.log(`skipped: ${name}`);
// Last, since only the end of a long log is kept in some places.
for (const { name, errors } of those("failed")) {
  console.log(`failed: ${name}`);
  const lines = stripVTControlCharacters(errors.join("\n")).split("\n");
  // What the page said is last, and a long call log comes before it.
  const shown = lines.length > ERROR_LINES ? [...lines.slice(0, ERROR_LINES - 2), "...", lines.at(-1)] : lines;
  for (const line of shown) console.log(`    ${line}`);
}
if (Number(process.argv[2] ?? 0) !== 0 && those("failed").length === 0) {
  console.log("failed outside of any test: the first error above says where");
}
const counts = ["passed", "failed", "skipped"].map((outcome) => `${those(outcome).length} ${outcome}`);
console.log(`${counts.join(", ")}; test files left to other turns: ${left.length}, not run: ${notRun.length}`);
