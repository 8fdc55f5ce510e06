import { Button, Checkbox } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { PROBLEM_TEXTS } from "../../electron/model/joined-spans.ts";
import { besideSteps, visibleRows, type WaterfallRow, waterfallOf } from "../../electron/model/waterfall.ts";
import type { WaterfallSpan } from "../../electron/model/waterfall-span.ts";
import type { SpanKey } from "../state/interaction-store.ts";
import { useInteraction, usePreferences } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { useTelemetry } from "../state/use-telemetry.ts";
import { type Projection, projection, viewportOf, wholeRun } from "../timeline/axis.ts";
import { axisOf } from "../timeline/run-axis.ts";
import { useElementWidth } from "../timeline/use-element-width.ts";
import { SearchBox } from "../ui/search-box.tsx";
import { Empty } from "../ui/states.tsx";
import { formatDuration } from "../ui/times.ts";
import { toneVariable } from "../ui/tone-mark.tsx";
import { VirtualRows } from "./virtual-rows.tsx";
import classes from "./waterfall.module.css";

const ROW_PX = 26;
const INDENT_PX = 10;
/** Deeper rows are not indented further, so that their names stay readable. */
const INDENTED = 5;
const LEAST_BAR_PX = 2;
/** From this share of the width on, what is said of a bar stands before it. */
const RIGHT_PART = 0.7;

interface WaterfallProps {
  run: OpenRun;
  selectedSeq: number | undefined;
  onVisit: (seq: number) => void;
  /** A span that a service sent, and the event of the call that it is, if there is one. */
  onSelectSpan: (span: SpanKey, seq: number | undefined) => void;
}

/** What the steps of a run led to, as bars on the time axis above: which call took how long, and which fault it met. */
export function Waterfall({ run, selectedSeq, onVisit, onSelectSpan }: WaterfallProps) {
  const { record, version } = run;
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [search, setSearch] = useState("");
  const [withBeside, setWithBeside] = useState(false);
  const wanted = useDeferredValue(search);
  // A run that grows fast is not laid out again with each batch.
  const shownVersion = useDeferredValue(version);
  const sentVersion = useDeferredValue(useTelemetry(record));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its versions change
  const { rows, notes } = useMemo(
    () => waterfallOf(record.view, withBeside, record.telemetry),
    [record, shownVersion, sentVersion, withBeside],
  );
  const selectedSpan = useInteraction((state) => state.selectedSpan);
  useWantedTrace(setSearch);
  const isSelected = ({ seq, sent }: WaterfallSpan) =>
    selectedSpan === undefined
      ? seq !== undefined && seq === selectedSeq
      : sent?.spanId === selectedSpan.spanId && sent.traceId === selectedSpan.traceId;
  const select = ({ seq, sent }: WaterfallSpan) => {
    if (seq !== undefined) onVisit(seq);
    if (sent !== undefined) onSelectSpan(sent, seq);
  };
  const visible = useMemo(() => visibleRows(rows, collapsed, wanted), [rows, collapsed, wanted]);
  const { cursorMs, scale, plot } = useSharedAxis(run);

  const beside = besideSteps(record.view);
  if (rows.length === 0 && beside === 0) return <Empty title="No steps yet" />;
  const parents = rows.filter(({ descendants }) => descendants > 0).map(({ span }) => span.id);
  const isAllCollapsed = parents.length > 0 && parents.every((id) => collapsed.has(id));
  const toggle = (id: string, isOpen: boolean) => {
    const next = new Set(collapsed);
    if (isOpen) next.delete(id);
    else next.add(id);
    setCollapsed(next);
  };
  const focusIndex = visible.findIndex((at) => {
    const row = rows[at];
    return row !== undefined && isSelected(row.span);
  });
  return (
    <div className={classes.waterfall}>
      <div className={classes.tools}>
        <SearchBox
          className={classes.search}
          label="Search names, services, links, faults, attributes and traces"
          value={search}
          onChange={setSearch}
        />
        <Button
          size="compact-xs"
          variant="default"
          disabled={parents.length === 0 || wanted !== ""}
          onClick={() => setCollapsed(new Set(isAllCollapsed ? [] : parents))}
        >
          {isAllCollapsed ? "Expand all" : "Collapse all"}
        </Button>
        {beside > 0 && (
          <Checkbox
            size="xs"
            label={`Calls beside the steps (${beside.toLocaleString()})`}
            checked={withBeside}
            onChange={(event) => setWithBeside(event.currentTarget.checked)}
          />
        )}
        <span className={classes.legend}>underlined: on the critical path</span>
        <span className={classes.count}>
          {visible.length === rows.length
            ? `${rows.length.toLocaleString()} ${rows.length === 1 ? "span" : "spans"}`
            : `${visible.length.toLocaleString()} of ${rows.length.toLocaleString()} spans`}
        </span>
      </div>
      {notes.length > 0 && (
        <p className={classes.notes} role="note">
          {notes.join("; ")}
        </p>
      )}
      <div className={classes.rows}>
        <div className={classes.ruler}>
          <span ref={plot} />
        </div>
        {visible.length === 0 ? (
          <Empty title={wanted === "" ? "No steps yet" : "No matches"} />
        ) : (
          <VirtualRows
            count={visible.length}
            rowPx={ROW_PX}
            label="Waterfall"
            focusIndex={focusIndex}
            followsEnd={false}
            render={(index) => {
              const row = rows[visible[index] ?? -1];
              if (row === undefined) return null;
              return (
                <Row
                  row={row}
                  scale={scale}
                  cursorMs={cursorMs}
                  isCollapsed={wanted === "" && collapsed.has(row.span.id)}
                  isSelected={isSelected(row.span)}
                  onToggle={(isOpen) => toggle(row.span.id, isOpen)}
                  onVisit={() => select(row.span)}
                />
              );
            }}
          />
        )}
      </div>
    </div>
  );
}

/** Narrows the waterfall to a trace that was asked for elsewhere. */
function useWantedTrace(narrow: (traceId: string) => void) {
  const wanted = useInteraction((state) => state.wantedTrace);
  const look = useInteraction((state) => state.look);
  useEffect(() => {
    if (wanted === undefined) return;
    narrow(wanted);
    look({ wantedTrace: undefined });
  }, [wanted, narrow, look]);
}

/** The axis of the timeline above, with its zoom and its collapsed idle times. */
function useSharedAxis({ record, version }: OpenRun) {
  const cursorMs = useInteraction((state) => state.cursorMs);
  const stretch = useInteraction((state) => state.stretch);
  const collapsesIdle = usePreferences((state) => state.collapsesIdle);
  const plot = useRef<HTMLDivElement>(null);
  const widthPx = useElementWidth(plot);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its version changes
  const axis = useMemo(
    () => axisOf([record.timeline], Math.max(record.view.lastMs, 1), collapsesIdle),
    [record, version, collapsesIdle],
  );
  const scale = useMemo(() => {
    const viewport = stretch === undefined ? wholeRun(axis) : viewportOf(stretch, axis);
    return projection(axis, viewport, Math.max(widthPx, 1));
  }, [axis, stretch, widthPx]);
  return { cursorMs, scale, plot };
}

interface RowProps {
  row: WaterfallRow;
  scale: Projection;
  cursorMs: number | undefined;
  isCollapsed: boolean;
  isSelected: boolean;
  onToggle: (isOpen: boolean) => void;
  onVisit: () => void;
}

function Row({ row, scale, cursorMs, isCollapsed, isSelected, onToggle, onVisit }: RowProps) {
  const { span, depth, descendants, self, isCritical } = row;
  const [startPx, endPx] = [scale.toPx(span.start), scale.toPx(span.end)];
  const widthPx = Math.max(endPx - startPx, LEAST_BAR_PX);
  const isRight = endPx > scale.widthPx * RIGHT_PART;
  const isParent = descendants > 0;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isParent || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
    event.preventDefault();
    event.stopPropagation();
    onToggle(event.key === "ArrowRight");
  };
  const duration = `${formatDuration(span.end - span.start)}${span.isOpen ? "…" : ""}`;
  const own = isParent ? `, ${formatDuration(self)} of its own` : "";
  const wrong = span.problems.map((problem) => `, ${PROBLEM_TEXTS[problem]}`).join("");
  const met = span.faults.length > 0 ? `, met ${span.faults.join(", ")}` : "";
  const text = `${span.name}, ${span.place}: ${duration}${own}${met}${wrong}${isCritical ? ", on the critical path" : ""}`;
  return (
    <div className={classes.row} data-selected={isSelected || undefined}>
      <div className={classes.names} style={{ paddingLeft: 6 + Math.min(depth, INDENTED) * INDENT_PX }}>
        {isParent ? (
          <button
            type="button"
            className={classes.toggle}
            data-open={!isCollapsed || undefined}
            aria-expanded={!isCollapsed}
            aria-label={`${isCollapsed ? "Expand" : "Collapse"} ${span.name}`}
            onClick={() => onToggle(isCollapsed)}
          >
            <IconChevronRight size={14} aria-hidden />
          </button>
        ) : (
          <span className={classes.leaf} />
        )}
        <button
          type="button"
          className={classes.name}
          title={text}
          aria-label={text}
          data-error={span.isError || undefined}
          onClick={onVisit}
          onKeyDown={onKeyDown}
        >
          {span.name}
        </button>
      </div>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the name beside it does the same */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the name beside it does the same */}
      <div className={classes.plot} title={text} onClick={onVisit}>
        <span
          className={classes.bar}
          data-critical={isCritical || undefined}
          data-open={span.isOpen || undefined}
          style={{ left: startPx, width: widthPx, background: `var(${toneVariable(span.tone)})` }}
        />
        <span
          className={classes.facts}
          data-before={isRight || undefined}
          style={{ left: isRight ? Math.min(startPx, scale.widthPx) - 6 : startPx + widthPx + 6 }}
        >
          <span>{duration}</span>
          <span>{span.place}</span>
          {span.problems.map((problem) => (
            <span key={problem} className={classes.problem}>
              {PROBLEM_TEXTS[problem]}
            </span>
          ))}
          {span.faults.map((fault) => (
            <span key={fault} className={classes.fault}>
              {fault}
            </span>
          ))}
        </span>
        {cursorMs !== undefined && <span className={classes.cursor} style={{ left: scale.toPx(cursorMs) }} />}
      </div>
    </div>
  );
}
