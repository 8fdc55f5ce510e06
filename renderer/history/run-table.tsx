import { Checkbox } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from "react";
import type { RunSummary } from "../../electron/contract/history.ts";
import { useLabNow } from "../state/use-now.ts";
import { RunRow } from "./run-row.tsx";
import classes from "./run-table.module.css";

const ROW_PX = 46;
/** With two lines for the title and one for what is beside it in wide windows. */
const NARROW_ROW_PX = 80;
const NARROW = "(width < 760px)";
/** Height of the sticky header. */
const HEAD_PX = 34;
/** The next page is loaded before the end is reached. */
const READ_AHEAD_ROWS = 20;

interface RunTableProps {
  runs: readonly RunSummary[];
  matching: number;
  selected: ReadonlySet<string>;
  onSelect: (ids: ReadonlySet<string>) => void;
  onDelete: (run: RunSummary) => void;
  onEnd: () => void;
}

/** Virtualised: the number of elements does not depend on the number of runs. */
export function RunTable({ runs, matching, selected, onSelect, onDelete, onEnd }: RunTableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const nowMs = useLabNow(
    1_000,
    runs.some(({ outcome }) => outcome === null),
  );
  const isNarrow = useMediaQuery(NARROW, undefined, { getInitialValueInEffect: false });
  const rowPx = isNarrow ? NARROW_ROW_PX : ROW_PX;
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (index) => runs[index]?.id ?? index,
    overscan: 8,
    scrollMargin: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: measured again when the height of rows changes
  useEffect(() => rows.measure(), [rows, rowPx]);
  const items = rows.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  const isNearEnd = runs.length < matching && lastShown >= runs.length - READ_AHEAD_ROWS;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a page that does not fill the view is followed by another
  useEffect(() => {
    if (isNearEnd) onEnd();
  }, [isNearEnd, runs.length, onEnd]);

  /** Up and down move to the same control of the next run. */
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    const control = event.target instanceof HTMLElement ? event.target : null;
    const name = control?.closest<HTMLElement>("[data-control]")?.dataset.control;
    const index = Number(control?.closest<HTMLElement>("[data-index]")?.dataset.index ?? Number.NaN) + step;
    if (step === 0 || name === undefined || runs[index] === undefined) return;
    event.preventDefault();
    rows.scrollToIndex(index, { align: "auto" });
    requestAnimationFrame(() => {
      const next = scroller.current?.querySelector<HTMLElement>(`[data-index="${index}"] [data-control="${name}"]`);
      (next?.matches("a, button") ? next : next?.querySelector<HTMLElement>("input"))?.focus();
    });
  };
  const toggle = (id: string, isOn: boolean) => {
    const next = new Set(selected);
    if (isOn) next.add(id);
    else next.delete(id);
    onSelect(next);
  };

  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are positioned absolutely, which a table element does not allow
    <div
      ref={scroller}
      className={classes.table}
      role="table"
      aria-label="Runs"
      aria-rowcount={matching + 1}
      onKeyDown={onKeyDown}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" className={classes.headGroup}>
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: a row is for reading, its controls have the focus */}
        <div role="row" aria-rowindex={1} className={classes.head} style={{ height: HEAD_PX }}>
          <Head>
            <Checkbox
              size="xs"
              aria-label={`Select all ${runs.length} runs shown`}
              checked={selected.size > 0 && selected.size === runs.length}
              indeterminate={selected.size > 0 && selected.size < runs.length}
              onChange={(event) => onSelect(new Set(event.currentTarget.checked ? runs.map(({ id }) => id) : []))}
            />
          </Head>
          <Head>Outcome</Head>
          <Head>Scenario</Head>
          <Head>Driver</Head>
          <Head>Started</Head>
          <Head isNumber>Took</Head>
          <Head isNumber>Actions</Head>
        </div>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" className={classes.all} style={{ height: rows.getTotalSize() }}>
        {items.map(({ index, key, start }) => {
          const run = runs[index];
          if (run === undefined) return null;
          return (
            <RunRow
              key={key}
              run={run}
              index={index}
              topPx={start - HEAD_PX}
              heightPx={rowPx}
              nowMs={nowMs}
              isSelected={selected.has(run.id)}
              onSelect={(isOn) => toggle(run.id, isOn)}
              onDelete={() => onDelete(run)}
            />
          );
        })}
      </div>
    </div>
  );
}

function Head({ children, isNumber = false }: { children: ReactNode; isNumber?: boolean }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are positioned absolutely, which a table element does not allow
    // biome-ignore lint/a11y/useFocusableInteractive: a heading is for reading
    <div role="columnheader" data-number={isNumber || undefined}>
      {children}
    </div>
  );
}
