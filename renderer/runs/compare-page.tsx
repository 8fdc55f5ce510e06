import { Button, Switch } from "@mantine/core";
import { useMemo, useState } from "react";
import { headlineOf } from "../../electron/model/headline/headline.ts";
import { differencesOf } from "../../electron/model/headline/run-differences.ts";
import type { LaneKind } from "../../electron/model/lanes.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { usePreferences, useRun } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { formatRoute } from "../state/route.ts";
import { goTo } from "../state/use-route.ts";
import type { Viewport } from "../timeline/axis.ts";
import { axisOf } from "../timeline/run-axis.ts";
import { TimelineView } from "../timeline/timeline-view.tsx";
import { BriefText } from "../ui/brief-text.tsx";
import { Failed } from "../ui/failed.tsx";
import { OutcomeBadge } from "../ui/outcome.tsx";
import { Loading } from "../ui/states.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./compare-page.module.css";
import { briefFact, compareRuns } from "./comparison.ts";
import { Distributions } from "./distributions.tsx";
import { RunDifferences } from "./run-differences.tsx";

const HIDDEN: ReadonlySet<LaneKind> = new Set(["logs", "checks"]);
/** In presenter mode both runs fit on one screen. */
const PRESENTER_SCALE = 1.7;
const PRESENTER_HIDDEN: ReadonlySet<LaneKind> = new Set([
  ...HIDDEN,
  ...(["phases", "steps", "health", "backends", "links", "hits"] as const),
]);

/** Two runs, one above the other on one axis, and their differences. */
export default function ComparePage({ left, right }: { left: string; right: string }) {
  const [first, second] = [useRun(left), useRun(right)];
  const failure = first?.failure ?? second?.failure;
  if (failure !== undefined) {
    return (
      <Failed title="These runs cannot be compared" message={failureText(failure)}>
        <Button variant="default" onClick={() => goTo({ at: "history" })}>
          Go to the history
        </Button>
      </Failed>
    );
  }
  if (first === undefined || second === undefined || first.version === 0 || second.version === 0) {
    return <Loading what="Loading both runs" />;
  }
  return <Comparison left={first} right={second} />;
}

function Comparison({ left, right }: { left: OpenRun; right: OpenRun }) {
  const [viewport, setViewport] = useState<Viewport>();
  const [cursorMs, setCursorMs] = useState<number>();
  const isPresenting = usePreferences((state) => state.isPresenting);
  const [onlyDifferent, setOnlyDifferent] = useState(isPresenting);
  const collapsesIdle = usePreferences((state) => state.collapsesIdle);
  const durationMs = Math.max(left.record.view.lastMs, right.record.view.lastMs);
  // biome-ignore lint/correctness/useExhaustiveDependencies: records grow in place; their versions change
  const axis = useMemo(
    () => axisOf([left.record.timeline, right.record.timeline], durationMs, collapsesIdle),
    [left.record, left.version, right.record, right.version, durationMs, collapsesIdle],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: records grow in place; their versions change
  const looks = useMemo(
    () => [left, right].map(({ record }) => record.looksAt(cursorMs)),
    [left.record, left.version, right.record, right.version, cursorMs],
  );
  const facts = compareRuns(left.record.view, right.record.view, formatDuration);
  const different = facts.filter(({ differs }) => differs).length;
  return (
    <div className={classes.page}>
      <header>
        <h1>{visibleLine(left.record.view.started?.scenario.title ?? "Two runs")}</h1>
        <span>
          {different === 0 ? "No differences" : `${different} ${different === 1 ? "difference" : "differences"}`}
        </span>
      </header>
      <RunDifferences differences={differencesOf(left.record.view, right.record.view)} />
      {([left, right] as const).map((run, place) => (
        <section key={run.record.runId} className={classes.run} aria-label={place === 0 ? "First run" : "Second run"}>
          <div className={classes.name}>
            <OutcomeBadge outcome={run.record.view.ended?.outcome} />
            <b>{nameOf(run)}</b>
            <span>{formatDuration(run.record.view.lastMs)}</span>
            <a href={formatRoute({ at: "run", runId: run.record.runId })}>Open</a>
          </div>
          <p className={classes.headline}>{headlineOf(run.record.view)}</p>
          <TimelineView
            model={run.record.timeline}
            version={run.version}
            axis={axis}
            nowMs={run.record.view.lastMs}
            viewport={viewport}
            cursorMs={cursorMs}
            looks={looks[place]}
            selectedSeq={undefined}
            hiddenLanes={isPresenting ? PRESENTER_HIDDEN : HIDDEN}
            sizeScale={isPresenting ? PRESENTER_SCALE : 1}
            label={`Moment shown of the ${place === 0 ? "first" : "second"} run`}
            onViewport={setViewport}
            onCursor={setCursorMs}
            onSelect={() => setCursorMs(undefined)}
          />
        </section>
      ))}
      <section className={classes.facts} aria-label="Differences">
        <div className={classes.tools}>
          <h2>Side by side</h2>
          <Switch
            size="xs"
            label="Only differences"
            checked={onlyDifferent}
            onChange={(event) => setOnlyDifferent(event.currentTarget.checked)}
          />
        </div>
        <table>
          <thead>
            <tr>
              <td />
              <th>{nameOf(left)}</th>
              <th>{nameOf(right)}</th>
            </tr>
          </thead>
          <tbody>
            {facts
              .filter(({ differs }) => differs || !onlyDifferent)
              .map((fact) => {
                const { name, differs } = fact;
                const shown = briefFact(fact);
                return (
                  <tr key={name} data-differs={differs || undefined}>
                    <th scope="row">{name}</th>
                    <td>
                      <BriefText text={fact.left} of={`${name}, ${nameOf(left)}`} shown={shown.left} />
                    </td>
                    <td>
                      <BriefText text={fact.right} of={`${name}, ${nameOf(right)}`} shown={shown.right} />
                    </td>
                  </tr>
                );
              })}
          </tbody>
        </table>
      </section>
      <Distributions
        left={[left.record.runId]}
        right={[right.record.runId]}
        names={[`first, ${nameOf(left)}`, `second, ${nameOf(right)}`]}
      />
    </div>
  );
}

function nameOf({ record }: OpenRun): string {
  const without = record.view.started?.without ?? [];
  return without.length === 0 ? "with all protections" : `without ${without.join(", ")}`;
}
