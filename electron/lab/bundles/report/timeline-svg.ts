import { formatDuration } from "../../../model/duration.ts";
import { hitsOn, type RunView } from "../../../model/run-view.ts";
import { isOpen, lastedUntil, type Span } from "../../../model/span.ts";
import { escapeHtml, shorten } from "./markup.ts";
import { COLUMNS, type ReportTimeline } from "./report-timeline.ts";
import { CALL_TONES, DECISION_TONES, HEALTH_TONES, type Tone } from "./tones.ts";

const WIDTH = 1_240;
const LEFT = 196;
const RIGHT = 20;
const PLOT = WIDTH - LEFT - RIGHT;
const ROW = 24;
const BAR = 15;
const HEADING = 26;
const AXIS = 30;
/** Approximate character width of the page's small type. Longer text is truncated, and complete in the title. */
const CHAR = 6.3;
const LABEL_CHARS = 27;
const LEAST_PX = 3;

/** Lanes with more bars are drawn as counts, since the bars would be too narrow. */
const ROWS_LIMIT = 24;

interface Bar {
  startMs: number;
  endMs: number;
  tone: Tone;
  /** Text beside or in the bar. */
  text: string;
  /** Complete text, for a pointer or a screen reader. */
  title: string;
}

interface Row {
  label: string;
  bars: Bar[];
  /** Segments are adjacent, and have their text inside or not at all. */
  isBand?: boolean;
}

interface Group {
  heading: string;
  rows: Row[];
  note?: string;
}

/** The run on one time axis, as an SVG that needs only the page's style sheet. Open spans are drawn to the end of the run. */
export function timelineSvg(view: RunView, timeline: ReportTimeline): string {
  const { durationMs } = timeline;
  const x = (ms: number) => LEFT + (Math.min(durationMs, Math.max(0, ms)) / durationMs) * PLOT;
  const parts: string[] = [];
  let y = AXIS;
  for (const { heading, rows, note } of groupsOf(view, timeline)) {
    if (rows.length === 0) continue;
    y += HEADING;
    parts.push(text(12, y - 8, "heading", heading));
    if (note !== undefined) parts.push(text(LEFT, y - 8, "note", note));
    for (const row of rows) {
      parts.push(drawRow(row, y, x));
      y += ROW;
    }
  }
  const height = y + 14;
  return [
    `<svg id="timeline" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Timeline of the run" data-left="${LEFT}" data-plot="${PLOT}" data-ms="${round(durationMs)}" data-width="${WIDTH}">`,
    `<rect class="ground" x="0" y="0" width="${WIDTH}" height="${height}" rx="10"/>`,
    drawFaultShades(view, x, height),
    drawAxis(durationMs, x, height),
    ...parts,
    `<line id="cursor" x1="0" x2="0" y1="${AXIS - 8}" y2="${height - 6}"/>`,
    "</svg>",
  ].join("\n");
}

function groupsOf(view: RunView, timeline: ReportTimeline): Group[] {
  const { durationMs } = timeline;
  return [
    { heading: "Phases", rows: [phaseRow(view, durationMs)] },
    limited("Steps", stepRows(view, durationMs)),
    limited("Faults", faultRows(view, durationMs)),
    { heading: "Health", rows: healthRows(timeline) },
    view.calls.length <= ROWS_LIMIT
      ? { heading: "Calls", rows: view.calls.map((call) => callRow(call, durationMs)) }
      : {
          heading: "Decisions",
          rows: decisionRows(timeline),
          note: "too many calls to draw: number of decisions by time",
        },
    limited("Approvals", approvalRows(view, durationMs)),
    { heading: "Logs", rows: logRows(timeline) },
  ];
}

function limited(heading: string, rows: Row[]): Group {
  if (rows.length <= ROWS_LIMIT) return { heading, rows };
  return { heading, rows: rows.slice(0, ROWS_LIMIT), note: `the first ${ROWS_LIMIT} of ${rows.length}` };
}

function phaseRow({ phases }: RunView, durationMs: number): Row {
  const bars = phases.map((span, index): Bar => {
    const { name: phase, startMs } = span;
    const endMs = lastedUntil(span, durationMs);
    return {
      startMs,
      endMs,
      tone: index % 2 === 0 ? "work" : "idle",
      text: phase,
      title: spanTitle(phase, startMs, endMs),
    };
  });
  return { label: "phase", bars, isBand: true };
}

function stepRows({ steps }: RunView, durationMs: number): Row[] {
  return steps.map((step) => {
    const { name: label, startMs, status } = step;
    const { kind, background, error } = step.attributes;
    const endMs = lastedUntil(step, durationMs);
    return {
      label: background ? `${kind} (background)` : kind,
      bars: [
        {
          startMs,
          endMs,
          tone: status === "failed" ? "bad" : status === "cancelled" ? "idle" : "work",
          text: label.startsWith(`${kind}: `) ? label.slice(kind.length + 2) : label,
          title: `${spanTitle(label, startMs, endMs)}${error === undefined ? "" : `\n${error}`}`,
        },
      ],
    };
  });
}

function faultRows(view: RunView, durationMs: number): Row[] {
  return view.faults.map((fault) => {
    const { name, startMs, status } = fault;
    const { kind, target, detail } = fault.attributes;
    const hits = hitsOn(view, fault);
    const counted = hits === 0 ? "" : `, ${hits} ${hits === 1 ? "hit" : "hits"}`;
    const endMs = lastedUntil(fault, durationMs);
    const result = isOpen(fault) ? "not undone" : status;
    return {
      label: kind,
      bars: [
        {
          startMs,
          endMs,
          tone: "fault",
          text: `${target} — ${result}${counted}`,
          title: `${spanTitle(name, startMs, endMs)}\n${result}${counted}${detail ? `\n${detail}` : ""}`,
        },
      ],
    };
  });
}

function healthRows(timeline: ReportTimeline): Row[] {
  return timeline.health().map(([service, segments]) => ({
    label: service,
    isBand: true,
    bars: segments.map(({ status, startMs, endMs }) => ({
      startMs,
      endMs,
      tone: HEALTH_TONES[status],
      text: status,
      title: spanTitle(`${service} ${status}`, startMs, endMs),
    })),
  }));
}

function callRow(call: Span<"call">, durationMs: number): Row {
  const { name, startMs, status, attributes } = call;
  const { decisions, backend } = attributes;
  const endMs = lastedUntil(call, durationMs);
  const label = [name, ...(decisions.length === 0 ? [status] : decisions.map(({ event }) => event.decision))].join(
    " → ",
  );
  const reasons = decisions.map(
    ({ atMs, event }) => `${formatDuration(atMs)}  ${event.decision}${event.reason ? `: ${event.reason}` : ""}`,
  );
  return {
    label: backend || "gateway",
    bars: [
      {
        startMs,
        endMs,
        tone: CALL_TONES[status],
        text: label,
        title: `${spanTitle(label, startMs, endMs)}\n${reasons.join("\n")}`,
      },
    ],
  };
}

function approvalRows({ approvals }: RunView, durationMs: number): Row[] {
  return approvals.map((approval) => {
    const { name: tool, startMs, status } = approval;
    const endMs = lastedUntil(approval, durationMs);
    const label = `${status === "waiting" ? "still waiting" : status} after ${formatDuration(endMs - startMs)}`;
    return {
      label: tool,
      bars: [
        {
          startMs,
          endMs,
          tone: status === "waiting" ? "wait" : DECISION_TONES[status],
          text: label,
          title: spanTitle(`${tool}: approval ${label}`, startMs, endMs),
        },
      ],
    };
  });
}

function decisionRows({ decisions, durationMs }: ReportTimeline): Row[] {
  return [...decisions].map(([decision, counts]) => ({
    label: `${decision} (${counts.reduce((sum, count) => sum + count, 0)})`,
    isBand: true,
    bars: countBars(counts, durationMs, DECISION_TONES[decision], decision),
  }));
}

function logRows({ logs, durationMs }: ReportTimeline): Row[] {
  const total = logs.reduce((sum, count) => sum + count, 0);
  return total === 0
    ? []
    : [
        {
          label: total === 1 ? "1 line" : `${total} lines`,
          isBand: true,
          bars: countBars(logs, durationMs, "idle", "log lines"),
        },
      ];
}

/** Adjacent columns are one bar. */
function countBars(counts: Uint32Array, durationMs: number, tone: Tone, what: string): Bar[] {
  const bars: Bar[] = [];
  const columnMs = durationMs / COLUMNS;
  let start = -1;
  let sum = 0;
  for (let column = 0; column <= counts.length; column++) {
    const count = counts[column] ?? 0;
    if (count > 0) {
      if (start === -1) start = column;
      sum += count;
    } else if (start !== -1) {
      const [startMs, endMs] = [start * columnMs, column * columnMs];
      bars.push({ startMs, endMs, tone, text: String(sum), title: spanTitle(`${sum} ${what}`, startMs, endMs) });
      start = -1;
      sum = 0;
    }
  }
  return bars;
}

function drawRow({ label, bars, isBand = false }: Row, y: number, x: (ms: number) => number): string {
  const middle = y + ROW / 2;
  const guide = `<line class="guide" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y + ROW}" y2="${y + ROW}"/>`;
  const drawn = bars.map((bar) => drawBar(bar, middle, x, isBand));
  return `${guide}${text(LEFT - 12, middle + 4, "label", shorten(label, LABEL_CHARS))}${drawn.join("")}`;
}

function drawBar(
  { startMs, endMs, tone, text: label, title }: Bar,
  middle: number,
  x: (ms: number) => number,
  isBand: boolean,
): string {
  const width = Math.max(isBand ? 1 : LEAST_PX, x(endMs) - x(startMs));
  const start = Math.min(x(startMs), WIDTH - RIGHT - width);
  const rect = `<rect class="bar ${tone}" x="${round(start)}" y="${round(middle - BAR / 2)}" width="${round(width)}" height="${BAR}" rx="${isBand ? 1 : 3}"/>`;
  return `<g class="mark" tabindex="-1"><title>${escapeHtml(title)}</title>${rect}${positionText(label, start, width, middle + 4, isBand)}</g>`;
}

/** In the bar if it fits, else on the side with more room. */
function positionText(label: string, start: number, width: number, y: number, isBand: boolean): string {
  const needed = (chars: number) => chars * CHAR + 12;
  if (needed(label.length) <= width) return text(start + 7, y, "inside", label);
  if (isBand) return "";
  const [before, after] = [start - LEFT, WIDTH - RIGHT - (start + width)];
  const room = Math.floor((Math.max(before, after) - 12) / CHAR);
  const shown = shorten(label, room);
  if (after >= before || needed(label.length) <= after) return text(start + width + 7, y, "beside", shown);
  return text(start - 7, y, "beside before", shown);
}

/** Faults in force are shaded behind everything else. */
function drawFaultShades({ faults }: RunView, x: (ms: number) => number, height: number): string {
  return faults
    .slice(0, ROWS_LIMIT)
    .map(({ startMs, endMs }) => {
      const width = Math.max(1, x(endMs) - x(startMs));
      return `<rect class="shade" x="${round(x(startMs))}" y="${AXIS}" width="${round(width)}" height="${height - AXIS - 6}"/>`;
    })
    .join("");
}

function drawAxis(durationMs: number, x: (ms: number) => number, height: number): string {
  const stepMs = tickStep(durationMs);
  const ticks: string[] = [];
  for (let ms = 0; ms <= durationMs; ms += stepMs) {
    const at = round(x(ms));
    ticks.push(`<line class="tick" x1="${at}" x2="${at}" y1="${AXIS - 6}" y2="${height - 6}"/>`);
    if (WIDTH - x(ms) > 40 || ms === 0) ticks.push(text(x(ms) + 4, AXIS - 11, "axis", tickLabel(ms, stepMs)));
  }
  return ticks.join("");
}

/** About ten ticks, at round times. */
function tickStep(durationMs: number): number {
  const rough = durationMs / 10;
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

function tickLabel(ms: number, stepMs: number): string {
  if (stepMs < 1_000) return `${Math.round(ms)} ms`;
  return stepMs < 60_000 ? `${Number((ms / 1_000).toFixed(1))} s` : `${Number((ms / 60_000).toFixed(1))} min`;
}

function spanTitle(what: string, startMs: number, endMs: number): string {
  return `${what}\nfrom ${formatDuration(startMs)}, for ${formatDuration(Math.max(0, endMs - startMs))}`;
}

function text(x: number, y: number, kind: string, label: string): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}">${escapeHtml(label)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
