// Says in one plain line what the test runners counted, from the files that they leave in test-results/.
import { existsSync, readFileSync } from "node:fs";

const read = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined);
const unit = read("test-results/vitest.json");
const pages = read("test-results/playwright.json")?.stats;
const passed = (unit?.numPassedTests ?? 0) + (pages?.expected ?? 0) + (pages?.flaky ?? 0);
const failed = (unit?.numFailedTests ?? 0) + (pages?.unexpected ?? 0);
const skipped = (unit?.numPendingTests ?? 0) + (unit?.numTodoTests ?? 0) + (pages?.skipped ?? 0);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
