import { type CSSProperties, type KeyboardEvent, memo } from "react";
import { formatSpanDuration } from "../../electron/model/duration.ts";
import { PROBLEM_TEXTS } from "../../electron/model/joined-spans.ts";
import type { WaterfallRow } from "../../electron/model/waterfall.ts";
import type { WaterfallSpan } from "../../electron/model/waterfall-span.ts";
import type { Projection } from "../timeline/axis.ts";
import { placeBar } from "./bar-place.ts";
import classes from "./waterfall.module.css";

const INDENT_PX = 10;
/** Deeper rows are not indented further, so that their names stay readable. */
const INDENTED = 5;

interface RowProps {
  row: WaterfallRow;
  scale: Projection;
  colour: string;
  isCollapsed: boolean;
  isSelected: boolean;
  onToggle: (id: string, isOpen: boolean) => void;
  onSelect: (span: WaterfallSpan) => void;
}

/** A row has few elements, and is drawn again only when its own properties change: many pass by while they are scrolled. */
export const SpanRow = memo(function SpanRow(props: RowProps) {
  const { row, scale, colour, isCollapsed, isSelected, onToggle, onSelect } = props;
  const { span, depth, descendants, self, isCritical } = row;
  const isParent = descendants > 0;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!isParent || (event.key !== "ArrowLeft" && event.key !== "ArrowRight")) return;
    event.preventDefault();
    event.stopPropagation();
    onToggle(span.id, event.key === "ArrowRight");
  };
  const duration = `${formatSpanDuration(span.end - span.start)}${span.isOpen ? "…" : ""}`;
  const labels = [...span.problems.map((problem) => PROBLEM_TEXTS[problem]), ...span.faults];
  const own = isParent ? `, ${formatSpanDuration(self)} of its own` : "";
  const wrong = span.problems.map((problem) => `, ${PROBLEM_TEXTS[problem]}`).join("");
  const met = span.faults.length > 0 ? `, met ${span.faults.join(", ")}` : "";
  const failed = span.isError ? ", failed" : "";
  const text = `${span.name}, ${span.place}: ${duration}${own}${failed}${met}${wrong}${isCritical ? ", on the critical path" : ""}`;
  const bar = placeBar(span, scale, [duration, span.place, ...labels].join("   ").length);
  return (
    <div
      className={classes.row}
      data-selected={isSelected || undefined}
      title={text}
      style={{ "--indent": `${Math.min(depth, INDENTED) * INDENT_PX}px` } as CSSProperties}
    >
      {isParent && (
        <button
          type="button"
          className={classes.toggle}
          data-open={!isCollapsed || undefined}
          aria-expanded={!isCollapsed}
          aria-label={`${isCollapsed ? "Expand" : "Collapse"} ${span.name}`}
          onClick={() => onToggle(span.id, isCollapsed)}
        />
      )}
      <button
        type="button"
        className={classes.name}
        aria-label={text}
        data-error={span.isError || undefined}
        onClick={() => onSelect(span)}
        onKeyDown={onKeyDown}
      >
        {span.name}
      </button>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the name beside it does the same */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the name beside it does the same */}
      <div className={classes.plot} onClick={() => onSelect(span)}>
        {bar !== undefined && (
          <>
            <span
              className={classes.bar}
              data-critical={isCritical || undefined}
              data-open={span.isOpen || undefined}
              data-link={span.isOnLink || undefined}
              style={{
                marginLeft: bar.leftPx,
                width: bar.widthPx,
                color: span.isError ? "var(--tone-failed)" : colour,
              }}
            />
            <span className={classes.facts} data-at={bar.words.at} style={bar.words.style}>
              {`${duration}  ${span.place}`}
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
          </>
        )}
      </div>
    </div>
  );
});
