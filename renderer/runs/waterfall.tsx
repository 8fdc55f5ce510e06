import { Button, Checkbox } from "@mantine/core";
import { type CSSProperties, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { besideSteps, type Waterfall as Tree, visibleRows, waterfallOf } from "../../electron/model/waterfall.ts";
import type { WaterfallSpan } from "../../electron/model/waterfall-span.ts";
import type { SpanKey } from "../state/interaction-store.ts";
import { useInteraction, usePreferences } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import type { RunRecord } from "../state/run-record.ts";
import { useTelemetry } from "../state/use-telemetry.ts";
import { projection, viewportOf, wholeRun } from "../timeline/axis.ts";
import { SERIES } from "../timeline/palette.ts";
import { useElementWidth } from "../timeline/use-element-width.ts";
import { PreviousNext } from "../ui/previous-next.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { Empty } from "../ui/states.tsx";
import { axisOfRun } from "./axis-of-run.ts";
import { VirtualRows } from "./virtual-rows.tsx";
import classes from "./waterfall.module.css";
import { SpanRow } from "./waterfall-row.tsx";

const ROW_PX = 26;
const SERVICES_NAMED = 12;

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
  const { rows, services, notes, all, failedRows, parents } = useMemo(
    () => laidOut(record, withBeside),
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
  const visible = useMemo(
    () => (wanted === "" && collapsed.size === 0 ? all : visibleRows(rows, collapsed, wanted)),
    [rows, all, collapsed, wanted],
  );
  const failed = useMemo(
    () => (wanted === "" ? failedRows : visible.filter((at) => rows[at]?.span.isError)),
    [rows, failedRows, visible, wanted],
  );
  const { cursorMs, scale, plot } = useSharedAxis(run);
  const colours = useMemo(
    () => new Map(services.map((service, at) => [service, `var(--series-${(at % SERIES) + 1})`])),
    [services],
  );

  const cursorPx = cursorMs === undefined ? undefined : scale.toPx(cursorMs);
  const beside = besideSteps(record.view);
  if (rows.length === 0 && beside === 0) return <Empty title="No steps yet" />;
  const isAllCollapsed =
    parents.length > 0 && collapsed.size >= parents.length && parents.every((id) => collapsed.has(id));
  const toggle = (id: string, isOpen: boolean) =>
    setCollapsed((before) => {
      const next = new Set(before);
      if (isOpen) next.delete(id);
      else next.add(id);
      return next;
    });
  const isAnySelected = selectedSpan !== undefined || selectedSeq !== undefined;
  const focusIndex = isAnySelected
    ? visible.findIndex((at) => {
        const row = rows[at];
        return row !== undefined && isSelected(row.span);
      })
    : -1;
  const toFailed = (direction: 1 | -1) => {
    const from = rows.findIndex(({ span }) => isSelected(span));
    const next = direction === 1 ? failed.find((at) => at > from) : failed.findLast((at) => at < from || from === -1);
    const row = next === undefined ? undefined : rows[next];
    if (row === undefined) return;
    const above = new Set<string>();
    for (let at = row.parentRow; at >= 0; at = rows[at]?.parentRow ?? -1) above.add(rows[at]?.span.id ?? "");
    setCollapsed((before) => new Set([...before].filter((id) => !above.has(id))));
    select(row.span);
  };
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
        {failed.length > 0 && (
          <span className={classes.failed}>
            {failed.length.toLocaleString()} failed
            <PreviousNext what="failed span" onGo={toFailed} />
          </span>
        )}
        <span className={classes.count}>
          {visible.length === rows.length
            ? `${rows.length.toLocaleString()} ${rows.length === 1 ? "span" : "spans"}`
            : `${visible.length.toLocaleString()} of ${rows.length.toLocaleString()} spans`}
        </span>
      </div>
      <ul className={classes.key} aria-label="Colours">
        {services.slice(0, SERVICES_NAMED).map((service) => (
          <li key={service}>
            <span className={classes.sample} style={{ background: colours.get(service) }} />
            {service}
          </li>
        ))}
        {services.length > SERVICES_NAMED && <li>and {services.length - SERVICES_NAMED} more</li>}
        <li>
          <span className={classes.sample} data-link />
          on a link
        </li>
        <li>
          <span className={classes.sample} data-failed />
          failed
        </li>
        <li>
          <span className={classes.sample} data-critical />
          on the critical path
        </li>
      </ul>
      {notes.length > 0 && (
        <p className={classes.notes} role="note">
          {notes.join("; ")}
        </p>
      )}
      <div className={classes.rows}>
        <div className={classes.ruler}>
          <span ref={plot} />
        </div>
        {cursorPx !== undefined && (
          <div className={classes.cursor} style={{ "--at": `${cursorPx}px` } as CSSProperties} />
        )}
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
                <SpanRow
                  row={row}
                  scale={scale}
                  colour={colours.get(row.span.service) ?? ""}
                  isCollapsed={wanted === "" && collapsed.has(row.span.id)}
                  isSelected={isSelected(row.span)}
                  onToggle={toggle}
                  onSelect={select}
                />
              );
            }}
          />
        )}
      </div>
    </div>
  );
}

interface Layout extends Tree {
  /** Indexes of all rows, and of those that failed. */
  all: number[];
  failedRows: number[];
  /** Ids of what can be collapsed. */
  parents: string[];
}

/** The newest layout of each record: a run with many spans that is shown again is not laid out again. */
const layouts = new WeakMap<RunRecord, { of: string; waterfall: Layout }>();

function laidOut(record: RunRecord, withBeside: boolean): Layout {
  const of = `${record.view.seq} ${record.view.lastMs} ${record.telemetry.next} ${withBeside}`;
  const known = layouts.get(record);
  if (known?.of === of) return known.waterfall;
  const tree = waterfallOf(record.view, withBeside, record.telemetry);
  const all = [...tree.rows.keys()];
  const waterfall = {
    ...tree,
    all,
    failedRows: all.filter((at) => tree.rows[at]?.span.isError),
    parents: tree.rows.flatMap(({ span, descendants }) => (descendants > 0 ? [span.id] : [])),
  };
  layouts.set(record, { of, waterfall });
  return waterfall;
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
  const axis = useMemo(() => axisOfRun(record, record.view.lastMs, collapsesIdle), [record, version, collapsesIdle]);
  const scale = useMemo(() => {
    const viewport = stretch === undefined ? wholeRun(axis) : viewportOf(stretch, axis);
    return projection(axis, viewport, Math.max(widthPx, 1));
  }, [axis, stretch, widthPx]);
  return { cursorMs, scale, plot };
}
