import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useRef } from "react";
import classes from "./virtual-rows.module.css";

interface VirtualRowsProps {
  count: number;
  rowPx: number;
  label: string;
  /** Scrolled into view when it changes; -1 for none. */
  focusIndex: number;
  /** Stay at the end while rows are added there. */
  followsEnd: boolean;
  render: (index: number) => ReactNode;
}

/** A virtualised list. Rows are placed by their top: with a transform each would be painted and layered by itself. */
export function VirtualRows({ count, rowPx, label, focusIndex, followsEnd, render }: VirtualRowsProps) {
  const scroller = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 4,
  });
  useEffect(() => {
    if (focusIndex >= 0 && focusIndex < count) rows.scrollToIndex(focusIndex, { align: "auto" });
  }, [focusIndex, count, rows]);
  useEffect(() => {
    if (followsEnd && focusIndex < 0 && count > 0) rows.scrollToIndex(count - 1, { align: "end" });
  }, [followsEnd, focusIndex, count, rows]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard
    <section ref={scroller} className={classes.scroller} tabIndex={0} aria-label={label}>
      <div style={{ height: rows.getTotalSize() }} className={classes.all}>
        {rows.getVirtualItems().map((item) => (
          <div key={item.key} className={classes.row} style={{ height: rowPx, top: item.start }}>
            {render(item.index)}
          </div>
        ))}
      </div>
    </section>
  );
}
