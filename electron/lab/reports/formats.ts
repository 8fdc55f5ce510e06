import { groupRepeats } from "../../model/brief-text.ts";
import type { CheckResult } from "../../model/check-result.ts";
import { formatDuration } from "../../model/duration.ts";
import type { Outcome } from "../../model/lab-event.ts";
import { escapeUnseen, visibleLine, visibleText } from "../../model/visible-text.ts";
import { compactDecisions, type RunReport, summaryLine } from "./run-report.ts";

export const REPORT_FORMATS = ["json", "junit", "markdown"] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export function render(format: ReportFormat, reports: readonly RunReport[]): string {
  return { json: toJson, junit: toJUnit, markdown: toMarkdown }[format](reports);
}

function toJson(reports: readonly RunReport[]): string {
  const count = (wanted: Outcome) => reports.filter(({ outcome }) => outcome === wanted).length;
  const passed = count("passed");
  // A reader of `failed` alone must not take an inconclusive run for a passed one.
  const counts = { passed, failed: reports.length - passed, inconclusive: count("inconclusive") };
  return `${escapeUnseen(JSON.stringify({ ...counts, runs: reports }, null, 2))}\n`;
}

/** JUnit element of each outcome that is not `passed`. */
const JUNIT_TAGS: Record<Exclude<Outcome, "passed">, "failure" | "error"> = {
  failed: "failure",
  residue: "failure",
  inconclusive: "error",
  precondition: "error",
  cancelled: "error",
  interrupted: "error",
  error: "error",
};

/** JUnit XML for CI servers: a run is a testcase, with a failure or an error by {@link JUNIT_TAGS}. */
function toJUnit(reports: readonly RunReport[]): string {
  const tags = reports.map(({ outcome }) => (outcome === "passed" ? undefined : JUNIT_TAGS[outcome]));
  const failures = tags.filter((tag) => tag === "failure").length;
  const errors = tags.filter((tag) => tag === "error").length;
  const seconds = (ms: number) => (ms / 1000).toFixed(3);
  const time = seconds(reports.reduce((sum, { durationMs }) => sum + durationMs, 0));
  const names = namesOf(reports);
  const cases = reports.map((report, index) => {
    const { outcome, reason } = report;
    const tag = tags[index];
    const problem =
      tag === undefined
        ? ""
        : `<${tag} type="${xml(outcome)}" message="${xml(groupRepeats(reason))}">${xml(details(report).join("\n"))}</${tag}>`;
    const decisions = `<system-out>${xml(compactDecisions(report))}</system-out>`;
    const head = `<testcase classname="resilience-lab" name="${xml(names[index] ?? report.scenario)}" time="${seconds(report.durationMs)}">`;
    return `    ${head}${properties(report)}${problem}${decisions}</testcase>`;
  });
  const counts = `tests="${reports.length}" failures="${failures}" errors="${errors}" time="${time}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="resilience-lab" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** CI servers take testcases of one name for one test: repeated runs of a scenario are numbered. */
function namesOf(reports: readonly RunReport[]): string[] {
  const seen = new Map<string, number>();
  return reports.map(({ scenario }) => {
    const times = reports.filter((each) => each.scenario === scenario).length;
    const number = (seen.get(scenario) ?? 0) + 1;
    seen.set(scenario, number);
    return times === 1 ? scenario : `${scenario} (${number} of ${times})`;
  });
}

function properties({ driver, engine }: RunReport): string {
  const target = engine === null ? { driver } : { driver, engine };
  const each = Object.entries(target).map(([name, value]) => `<property name="${name}" value="${xml(value)}"/>`);
  return `<properties>${each.join("")}</properties>`;
}

function toMarkdown(reports: readonly RunReport[]): string {
  const rows = reports.map(
    ({ scenario, outcome, durationMs, decisions, headline, without }) =>
      `| ${scenario}${without.length > 0 ? ` (without ${without.join(", ")})` : ""} | ${outcome} | ${formatDuration(durationMs)} | ${cell(compactDecisions({ decisions }))} | ${cell(headline)} |`,
  );
  const failed = reports.filter(({ outcome }) => outcome !== "passed");
  const engines = [...new Set(reports.flatMap(({ engine }) => engine ?? []))];
  return [
    "# Resilience Lab report",
    "",
    ...engines.flatMap((engine) => [`Containers on ${plain(engine)}.`, ""]),
    "| Scenario | Outcome | Time | Decisions | What happened |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    ...failed.flatMap((report) => [
      `## ${report.scenario}: ${report.outcome}`,
      "",
      plain(groupRepeats(report.reason)),
      "",
      ...details(report).map(plain),
      "",
    ]),
    `${summaryLine(reports)}`,
    "",
    failed.length === 0 ? "PASSED" : "FAILED",
    "",
  ].join("\n");
}

const CHECK_LABELS: Record<CheckResult, string> = { passed: "ok", failed: "FAILED", inconclusive: "INCONCLUSIVE" };

function details(report: RunReport): string[] {
  return [
    ...report.checks.map(
      ({ check, result, expected, observed, why }) =>
        `- ${CHECK_LABELS[result]} ${check}: ${groupRepeats(`expected ${expected}; observed ${observed}`)}${why === null ? "" : `; ${why}`}`,
    ),
    ...report.failedCalls.map(({ tool, fault }) => `- ${tool} failed upstream: ${fault}`),
    ...report.warnings.map((warning) => `- warning: ${warning}`),
  ];
}

function cell(text: string): string {
  return plain(text).replaceAll("|", "\\|");
}

/** Untrusted text on one line of Markdown: without tags, and unable to start a heading or a table. */
function plain(text: string): string {
  return visibleLine(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(/\s+/g, " ");
}

/** Untrusted text in an element or an attribute. */
export function xml(text: string): string {
  return visibleText(text)
    .replaceAll(/[\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
