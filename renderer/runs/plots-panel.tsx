import { SegmentedControl, Select, Switch } from "@mantine/core";
import { useDeferredValue, useMemo, useState } from "react";
import { type Grouping, LEAST_SAMPLES, samplesOf, statisticsOf } from "../../electron/model/call-statistics.ts";
import { describeCall, LatencyPlot } from "../charts/latency-plot.tsx";
import { SeriesKey } from "../charts/series-key.tsx";
import { useInteraction, usePreferences } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { viewportOf, wholeRun } from "../timeline/axis.ts";
import { Empty } from "../ui/states.tsx";
import { axisOfRun } from "./axis-of-run.ts";
import classes from "./plots-panel.module.css";
import { StatisticsTable } from "./statistics-table.tsx";

/** Names of series that are listed; the others are only in the table. */
const KEYS_SHOWN = 8;
const PRESENTER_SCALE = 1.25;
/** From this ratio of the longest to the median on, most calls of a linear plot would lie on its axis. */
const WIDE_RANGE = 30;

interface PlotsPanelProps {
  run: OpenRun;
  selectedSeq: number | undefined;
  onVisit: (seq: number) => void;
}

/** Latency of the calls over time, and their statistics before, during and after the faults. */
export function PlotsPanel({ run, selectedSeq, onVisit }: PlotsPanelProps) {
  const { record, version } = run;
  const [grouping, setGrouping] = useState<Grouping>("tool");
  const [only, setOnly] = useState<string | null>(null);
  const [wantsLogarithmic, setLogarithmic] = useState<boolean>();
  const cursorMs = useInteraction((state) => state.cursorMs);
  const stretch = useInteraction((state) => state.stretch);
  const collapsesIdle = usePreferences((state) => state.collapsesIdle);
  const isPresenting = usePreferences((state) => state.isPresenting);
  // A run that grows fast is not computed again with each batch.
  const shownVersion = useDeferredValue(version);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its version changes
  const samples = useMemo(() => samplesOf(record.view), [record, shownVersion]);
  const rows = useMemo(() => statisticsOf(samples, grouping), [samples, grouping]);
  const { names, calls } = useMemo(() => {
    const its = samples.calls.filter((call) => call.grouping === grouping);
    const shown = only === null ? its : its.filter(({ name }) => name === only);
    return {
      names: [...new Set(its.map(({ name }) => name))].sort(),
      calls: shown.toSorted((one, other) => one.startMs - other.startMs),
    };
  }, [samples, grouping, only]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its version changes
  const axis = useMemo(
    () => axisOfRun(record, record.view.lastMs, collapsesIdle),
    [record, shownVersion, collapsesIdle],
  );
  const viewport = useMemo(() => (stretch === undefined ? wholeRun(axis) : viewportOf(stretch, axis)), [axis, stretch]);
  if (samples.calls.length === 0 && samples.decisions.length === 0) {
    return <Empty title="No calls have ended yet" />;
  }
  const isLogarithmic = wantsLogarithmic ?? hasWideRange(calls.map(({ durationMs }) => durationMs));
  const selected = calls.findIndex(({ seq }) => seq === selectedSeq);
  const call = calls[selected];
  return (
    <div className={classes.plots}>
      <div className={classes.tools}>
        <SegmentedControl
          size="xs"
          aria-label="Calls by"
          data={[
            { value: "tool", label: "By tool" },
            { value: "link", label: "By link" },
          ]}
          value={grouping}
          onChange={(value) => {
            setGrouping(value as Grouping);
            setOnly(null);
          }}
        />
        <Select
          size="xs"
          aria-label={`Only one ${grouping}`}
          placeholder={`All ${grouping}s`}
          clearable
          data={names}
          value={only}
          onChange={setOnly}
        />
        <Switch
          size="xs"
          label="Logarithmic"
          checked={isLogarithmic}
          onChange={(event) => setLogarithmic(event.currentTarget.checked)}
        />
        <span className={classes.readout} aria-live="polite">
          {call === undefined ? "" : describeCall(call)}
        </span>
      </div>
      {calls.length === 0 ? (
        <Empty title={grouping === "link" ? "No calls were read on links" : "No calls of tools have ended yet"} />
      ) : (
        <>
          <LatencyPlot
            calls={calls}
            names={names}
            stretches={samples.stretches}
            axis={axis}
            viewport={viewport}
            isLogarithmic={isLogarithmic}
            cursorMs={cursorMs}
            selected={selected}
            label={`Latency of ${calls.length} calls over time; the table below has the same calls`}
            sizeScale={isPresenting ? PRESENTER_SCALE : 1}
            onVisit={(index) => onVisit(calls[index]?.seq ?? 0)}
          />
          <div className={classes.keys}>
            {names.slice(0, KEYS_SHOWN).map((name, at) => (
              <SeriesKey key={name} series={at} name={name} />
            ))}
            {names.length > KEYS_SHOWN && <span>and {names.length - KEYS_SHOWN} more</span>}
            <span className={classes.cross}>× failed</span>
            {samples.stretches.length > 0 && <span className={classes.stretch}>fault in force</span>}
          </div>
        </>
      )}
      <StatisticsTable
        rows={rows.filter(({ name }) => only === null || name === only || names.length === 1)}
        grouping={grouping}
      />
      <p className={classes.note}>
        Percentiles are nearest ranks; with fewer than {LEAST_SAMPLES} calls there are none.
        {samples.withoutLatency > 0 &&
          ` Not counted: ${samples.withoutLatency} without an end, or streams that a client only listens to.`}
      </p>
    </div>
  );
}

function hasWideRange(values: readonly number[]): boolean {
  const sorted = values.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return (sorted.at(-1) ?? 0) > WIDE_RANGE * Math.max(median, 1);
}
