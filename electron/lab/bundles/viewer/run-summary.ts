import type { RunAnnotations } from "../../../model/annotations.ts";
import { brief, briefCheck } from "../../../model/brief-text.ts";
import type { CheckResult } from "../../../model/check-result.ts";
import { formatDuration } from "../../../model/duration.ts";
import { explainFailures } from "../../../model/explain.ts";
import type { RunView } from "../../../model/run-view.ts";
import type { Instant } from "../../../model/span.ts";
import type { RunReport } from "../../reports/run-report.ts";
import type { RunRecord } from "../format.ts";
import { briefHtml, escapeHtml, shorten } from "./markup.ts";
import { DECISION_TONES, OUTCOME_TONES, type Tone } from "./tones.ts";

const DECISIONS_SHOWN = 300;
const ARGUMENT_CHARS = 2_000;

export interface SummaryParts {
  report: RunReport;
  view: RunView;
  record: RunRecord;
  annotations: RunAnnotations;
  /** Total number, including those that the view does not have. */
  decisions: number;
}

/**
 * One run as HTML for readers without scripts, and for paper. Everything from a stack or a tool is text.
 */
export function renderSummary(parts: SummaryParts): string {
  const { report } = parts;
  return [
    "<article>",
    head(parts),
    notes(parts.annotations),
    ...narration(parts),
    checks(report),
    decisions(parts),
    faults(parts),
    warnings(report),
    footer(parts),
    "</article>",
    "",
  ]
    .filter((part, at, all) => part !== "" || at === all.length - 1)
    .join("\n");
}

function head({ report, view, record, annotations: { name, tags } }: SummaryParts): string {
  const tone = OUTCOME_TONES[report.outcome];
  const { started } = view;
  const heading = name === "" ? "h1" : "p";
  const facts: [string, string][] = [
    ["started", `${report.startedAt.replace("T", " ").slice(0, 19)} UTC`],
    ["stack", report.driver],
    ["protections off", report.without.join(", ")],
    ["events", String(record.events)],
    ["lab", started?.labVersion ?? ""],
    ["run", report.id],
  ];
  const patterns = [...tags, ...(started?.scenario.patterns ?? [])].map(
    (pattern) => `<span class="tag">${escapeHtml(pattern)}</span>`,
  );
  return [
    `<section class="card head ${tone}">`,
    `<div class="verdict ${tone}">${escapeHtml(report.outcome)}<small>in ${formatDuration(report.durationMs)}</small></div>`,
    "<div>",
    name === "" ? "" : `<h1>${escapeHtml(name)}</h1>`,
    `<${heading}>${escapeHtml(report.title || report.scenario)}</${heading}>`,
    `<p><code class="soft">${escapeHtml(report.scenario)}</code> ${patterns.join("")}</p>`,
    started?.scenario.summary === undefined ? "" : `<p>${escapeHtml(started.scenario.summary)}</p>`,
    `<p class="headline">${escapeHtml(report.headline)}</p>`,
    `<p><b>${briefHtml(brief(report.reason), report.reason)}</b></p>`,
    `<ul class="facts">${facts
      .filter(([, value]) => value !== "")
      .map(([name, value]) => `<li>${name} <b>${escapeHtml(value)}</b></li>`)
      .join("")}</ul>`,
    "</div>",
    "</section>",
  ].join("\n");
}

function notes({ notes: all }: RunAnnotations): string {
  if (all.length === 0) return "";
  const rows = all.map(({ atMs, text }) => [
    `<td class="time">${atMs === null ? "" : formatDuration(atMs)}</td>`,
    cell("note", text),
  ]);
  return card("Notes", table(["At", "Note"], rows));
}

/** What an audience reads during the run; the closing holds for a run that passed. */
function narration({ view: { started, steps, ended } }: SummaryParts): string[] {
  const said = steps.flatMap(({ startMs, attributes: { say } }) => (say === undefined ? [] : [{ atMs: startMs, say }]));
  const { opening, closing } = started?.scenario ?? {};
  if (said.length === 0 && opening === undefined) return [];
  const lines = said.map(({ atMs, say }) => `<li><i>${formatDuration(atMs)}</i> ${escapeHtml(say)}</li>`);
  const end = ended?.outcome === "passed" && closing !== undefined ? `<p>${escapeHtml(closing)}</p>` : "";
  return [
    card(
      "What happens",
      `<div class="told">${opening === undefined ? "" : `<p>${escapeHtml(opening)}</p>`}<ol>${lines.join("")}</ol>${end}</div>`,
    ),
  ];
}

const CHECK_CHIPS: Record<CheckResult, [Tone, string]> = {
  passed: ["good", "✓ held"],
  failed: ["bad", "✗ did not hold"],
  inconclusive: ["limit", "? could not be told"],
};

function checks({ checks: all }: RunReport): string {
  if (all.length === 0) return "";
  const held = all.filter(({ result }) => result === "passed").length;
  const rows = all.map(({ check, result, expected, observed, why }) => {
    const shown = briefCheck({ check, expected, observed });
    return [
      chip(...CHECK_CHIPS[result]),
      cell("name", check),
      `<td>${briefHtml(shown.expected, expected)}</td>`,
      `<td>${briefHtml(shown.observed, observed)}${why === null ? "" : escapeHtml(` (${why})`)}</td>`,
    ];
  });
  return card(`Checks: ${held} of ${all.length} passed`, table(["", "Check", "Expected", "Observed"], rows));
}

function decisions({ view, decisions: total }: SummaryParts): string {
  if (view.decisions.length === 0) return "";
  const faultOf = new Map(explainFailures(view).map(({ call, fault }) => [call.attributes.callId, fault]));
  const shown = view.decisions.slice(0, DECISIONS_SHOWN);
  const rows = alike(shown).map((rows) => {
    const [{ atMs, event: row }] = rows;
    const fault = row.decision === "upstream_error" ? faultOf.get(row.callId) : undefined;
    const because = fault === undefined ? "" : ` <span class="chip fault">${escapeHtml(fault.name)}</span>`;
    return [
      `<td class="time">${formatDuration(atMs)}</td>`,
      cell("name", row.tool),
      chip(DECISION_TONES[row.decision], rows.length === 1 ? row.decision : `${row.decision} ×${rows.length}`),
      `<td>${escapeHtml(row.reason)}${because}</td>`,
      cell("", row.backend),
      cell("mono", shorten(JSON.stringify(row.arguments) ?? "", ARGUMENT_CHARS)),
    ];
  });
  const isAll = shown.length === total;
  const more = isAll ? "" : `<p class="soft">The first ${shown.length} of ${total}; the viewer has all.</p>`;
  const heads = ["At", "Tool", "Decision", "Reason", "Server", "Arguments"];
  return card(`Decisions: ${total}`, `${table(heads, rows)}${more}`, "long");
}

type Row = Instant<"decision">;

/** Groups equal consecutive decisions: a storm is one line, not a thousand. */
function alike(rows: readonly Row[]): [Row, ...Row[]][] {
  const groups: [Row, ...Row[]][] = [];
  const saying = ({ event: { tool, decision, reason, backend, arguments: given } }: Row) =>
    JSON.stringify([tool, decision, reason, backend, given]);
  for (const row of rows) {
    const last = groups.at(-1);
    if (last !== undefined && saying(last[0]) === saying(row)) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

function faults({ report }: SummaryParts): string {
  if (report.faults.length === 0) return "";
  const rows = report.faults.map(({ kind, target, result, inForceMs }) => [
    cell("name", kind),
    cell("", target),
    `<td class="time">${inForceMs === null ? "" : formatDuration(inForceMs)}</td>`,
    chip(result === "restored" ? "good" : "bad", result),
  ]);
  return card("Faults, and whether they were undone", table(["Fault", "Where", "In force for", "Undone"], rows));
}

function warnings({ warnings: all }: RunReport): string {
  if (all.length === 0) return "";
  return card("Warnings", `<ul class="plain">${all.map((warning) => `<li>${escapeHtml(warning)}</li>`).join("")}</ul>`);
}

function footer({ record }: SummaryParts): string {
  return `<footer>Made by Resilience Lab from the ${record.events} events of this run. Secrets and personal data in it are redacted.</footer>`;
}

function card(title: string, content: string, more = ""): string {
  return `<section class="card ${more}"><h2>${escapeHtml(title)}</h2>${content}</section>`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const headed = heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.join("")}</tr>`).join("\n");
  return `<div class="wide"><table><thead><tr>${headed}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function cell(kind: string, text: string): string {
  return `<td${kind === "" ? "" : ` class="${kind}"`}>${escapeHtml(text)}</td>`;
}

function chip(tone: Tone, text: string): string {
  return `<td class="time"><span class="chip ${tone}">${escapeHtml(text)}</span></td>`;
}
