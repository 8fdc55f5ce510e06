import { Button, Tabs } from "@mantine/core";
import { type CSSProperties, useEffect, useMemo, useRef } from "react";
import type { WaitingApproval } from "../../electron/contract/approvals.ts";
import { kindOfRun, type RunKind } from "../../electron/contract/runs.ts";
import { pauseOf } from "../../electron/model/pause.ts";
import { ApprovalCard } from "../approvals/approval-card.tsx";
import { failureText } from "../lab-client/lab-failure.ts";
import type { SpanKey } from "../state/interaction-store.ts";
import { useInteraction, useLab, usePreferences, useRun } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { LEAST_PART_PX, MOST_PART_PX } from "../state/preferences-store.ts";
import { type Route, RUN_PANELS, type RunPanel } from "../state/route.ts";
import { useAnnotations } from "../state/use-annotations.ts";
import { amendAddress, goTo } from "../state/use-route.ts";
import { useShortcuts } from "../state/use-shortcuts.ts";
import { Failed } from "../ui/failed.tsx";
import { Splitter } from "../ui/splitter.tsx";
import { Loading } from "../ui/states.tsx";
import { CallsPanel } from "./calls-panel.tsx";
import { ChecksPanel } from "./checks-panel.tsx";
import { EvaluationPanel } from "./evaluation-panel.tsx";
import { EventList } from "./event-list.tsx";
import { Inspector } from "./inspector.tsx";
import { mapSvg } from "./map-picture.ts";
import { MomentBar } from "./moment-bar.tsx";
import { NotesPanel } from "./notes-panel.tsx";
import { PauseBar } from "./pause-bar.tsx";
import type { Pictures } from "./picture-menu.tsx";
import { PlotsPanel } from "./plots-panel.tsx";
import { RunHeader } from "./run-header.tsx";
import { RunMap } from "./run-map.tsx";
import classes from "./run-page.module.css";
import { RunTimeline } from "./run-timeline.tsx";
import { StoppedNotice } from "./stopped-notice.tsx";
import { Waterfall } from "./waterfall.tsx";

export default function RunPage({ route }: { route: Extract<Route, { at: "run" }> }) {
  const run = useRun(route.runId);
  const open = useInteraction((state) => state.openRun);

  useEffect(() => {
    const { cursorMs, selectedSeq, panel } = route;
    open(route.runId, {
      ...(cursorMs === undefined ? {} : { cursorMs }),
      ...(selectedSeq === undefined ? {} : { selectedSeq }),
      ...(panel === undefined ? {} : { panel }),
    });
  }, [open, route]);

  const wasDeleted = run?.failure !== undefined && run.record.view.ended !== undefined;
  if (run?.failure !== undefined && (wasDeleted || run.record.items.length === 0)) {
    const title = wasDeleted ? "This run was deleted" : "This run could not be loaded";
    return (
      <Failed title={title} message={wasDeleted ? "It is no longer in the history." : failureText(run.failure)}>
        <Button variant="default" onClick={() => goTo({ at: "history" })}>
          Go to the history
        </Button>
      </Failed>
    );
  }
  if (run === undefined || run.record.items.length === 0) return <Loading what="Loading the run" />;
  return <RunBody run={run} route={route} />;
}

const ADDRESS_DELAY_MS = 250;
/** What an entry without a scenario can have, the first shown first. */
const PANELS: Partial<Record<RunKind, readonly RunPanel[]>> = {
  trace: ["waterfall", "events", "notes"],
  session: ["waterfall", "checks", "events", "notes"],
  evaluation: ["evaluation", "checks", "events", "notes"],
};
const NONE: readonly WaitingApproval[] = [];

function RunBody({ run, route }: { run: OpenRun; route: Route }) {
  const { record, version } = run;
  const annotations = useAnnotations(record.runId);
  const { notes } = annotations.written;
  const timeline = useRef<(() => string | undefined) | undefined>(undefined);
  const map = useRef<SVGSVGElement>(null);
  const pictures: Omit<Pictures, "isMapShown"> = {
    timeline: () => timeline.current?.(),
    map: () => (map.current === null ? undefined : mapSvg(map.current)),
  };
  const cursorMs = useInteraction((state) => state.cursorMs);
  const selectedSeq = useInteraction((state) => state.selectedSeq);
  const stretch = useInteraction((state) => state.stretch);
  const selectedSpan = useInteraction((state) => state.selectedSpan);
  const panel = useInteraction((state) => state.panel);
  const look = useInteraction((state) => state.look);
  const followLive = useInteraction((state) => state.followLive);
  const collapsesIdle = usePreferences((state) => state.collapsesIdle);
  const detailsPx = usePreferences((state) => state.detailsPx);
  const inspectorPx = usePreferences((state) => state.inspectorPx);
  const wantsInspector = usePreferences((state) => state.showsInspector);
  const isPresenting = usePreferences((state) => state.isPresenting);
  const setPreference = usePreferences((state) => state.set);
  const waiting = useLab((state) => state.lab?.approvals.waiting);
  // In presenter mode the inspector is shown only for a selection.
  const showsInspector = wantsInspector && (!isPresenting || selectedSeq !== undefined || selectedSpan !== undefined);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its version changes
  const view = useMemo(() => record.viewAt(cursorMs), [record, version, cursorMs]);
  const held = waiting?.filter((approval) => approval.runId === record.runId) ?? [];
  const kind = kindOfRun(record.view.started?.scenario.id ?? "");
  const hasPanel = (each: RunPanel) => PANELS[kind]?.includes(each) ?? each !== "evaluation";
  const firstPanel = PANELS[kind]?.[0] ?? (isPresenting ? "map" : "checks");
  const shownPanel = panel !== undefined && hasPanel(panel) ? panel : firstPanel;
  // In presenter mode the map has their buttons.
  const carded = isPresenting && shownPanel === "map" && cursorMs === undefined ? NONE : held;

  const pause = cursorMs === undefined && run.failure === undefined ? pauseOf(view) : undefined;
  useEffect(() => {
    const timer = setTimeout(
      () =>
        amendAddress(route, {
          at: "run",
          runId: record.runId,
          ...(cursorMs === undefined ? {} : { cursorMs }),
          ...(selectedSeq === undefined ? {} : { selectedSeq }),
          ...(panel === undefined ? {} : { panel }),
        }),
      ADDRESS_DELAY_MS,
    );
    return () => clearTimeout(timer);
  }, [route, record.runId, cursorMs, selectedSeq, panel]);

  const details = useRef<HTMLElement>(null);
  const select = (seq: number | undefined) => {
    look({ selectedSeq: seq, selectedSpan: undefined });
    if (seq !== undefined && !wantsInspector) setPreference({ showsInspector: true });
  };
  const selectSpan = (span: SpanKey, seq: number | undefined) => {
    look({ selectedSeq: seq, selectedSpan: span });
    if (!wantsInspector) setPreference({ showsInspector: true });
  };
  /** Selects an event from a list and moves the cursor to it. */
  const visit = (seq: number) => {
    select(seq);
    const event = record.event(seq);
    if (event !== undefined) look({ cursorMs: event.atMs });
  };
  const toError = (direction: 1 | -1) => {
    const errors = record.timeline.errorSeqs;
    const from = selectedSeq ?? (direction === 1 ? 0 : record.lastSeq + 1);
    const next = direction === 1 ? errors.find((seq) => seq > from) : errors.findLast((seq) => seq < from);
    if (next !== undefined) visit(next);
  };

  useShortcuts({
    "next-error": () => toError(1),
    "previous-error": () => toError(-1),
    follow: followLive,
    inspector: () => setPreference({ showsInspector: !wantsInspector }),
    "collapse-idle": () => setPreference({ collapsesIdle: !collapsesIdle }),
    // Without a selection the key leaves presenter mode.
    ...(selectedSeq === undefined && cursorMs === undefined
      ? {}
      : { deselect: () => look({ selectedSeq: undefined, cursorMs: undefined }) }),
  });

  const failed = view.checks.filter(({ event }) => !event.passed).length;
  const events = { notes, record, version, cursorMs, selectedSeq, onVisit: visit };
  return (
    <div
      className={classes.page}
      data-inspector={showsInspector || undefined}
      data-panel={shownPanel}
      data-bare={PANELS[kind] !== undefined || undefined}
      data-sized={detailsPx !== undefined || undefined}
      style={{ "--side-px": `${inspectorPx}px`, "--details-px": `${detailsPx ?? 0}px` } as CSSProperties}
    >
      <RunHeader run={run} annotations={annotations} />
      <MomentBar
        run={run}
        view={view}
        cursorMs={cursorMs}
        hasMoved={cursorMs !== undefined || stretch !== undefined}
        isWaiting={pause !== undefined}
        onFollow={followLive}
        onError={toError}
        pictures={{ ...pictures, isMapShown: shownPanel === "map" }}
      />
      {(carded.length > 0 || run.failure !== undefined || pause !== undefined) && (
        <div className={classes.held}>
          {pause !== undefined && <PauseBar pause={pause} />}
          <StoppedNotice run={run} />
          {carded.map((approval) => (
            <ApprovalCard key={approval.ticket} approval={approval} linksToRun={false} stands={pause !== undefined} />
          ))}
        </div>
      )}
      <section id="time-axis" tabIndex={-1} className={classes.timeline} aria-label="Timeline">
        <RunTimeline run={run} notes={notes} picture={timeline} onSelect={select} />
      </section>
      <div className={classes.detailsEdge}>
        <Splitter
          orientation="horizontal"
          label="the details"
          sizePx={detailsPx ?? details.current?.clientHeight ?? LEAST_PART_PX}
          leastPx={LEAST_PART_PX}
          mostPx={MOST_PART_PX}
          onSize={(px) => setPreference({ detailsPx: px })}
        />
      </div>
      <section ref={details} id="details" tabIndex={-1} className={classes.panels} aria-label="Details of the run">
        <Tabs
          value={shownPanel}
          onChange={(value) => look({ panel: RUN_PANELS.find((each) => each === value) })}
          keepMounted={false}
          classNames={{ root: classes.tabs ?? "", panel: classes.panel ?? "" }}
        >
          <Tabs.List>
            {hasPanel("evaluation") && <Tabs.Tab value="evaluation">Evaluation</Tabs.Tab>}
            {hasPanel("map") && <Tabs.Tab value="map">Map</Tabs.Tab>}
            {hasPanel("checks") && (
              <Tabs.Tab value="checks">
                Checks{" "}
                {view.checks.length > 0 &&
                  (failed > 0 ? `(${failed} of ${view.checks.length} failed)` : `(${view.checks.length})`)}
              </Tabs.Tab>
            )}
            {hasPanel("calls") && <Tabs.Tab value="calls">Tool calls ({view.calls.length})</Tabs.Tab>}
            {hasPanel("waterfall") && <Tabs.Tab value="waterfall">Waterfall</Tabs.Tab>}
            {hasPanel("plots") && (
              <Tabs.Tab value="plots" data-aside>
                Plots
              </Tabs.Tab>
            )}
            <Tabs.Tab value="events" data-aside>
              Events
            </Tabs.Tab>
            {hasPanel("logs") && (
              <Tabs.Tab value="logs" data-aside>
                Logs
              </Tabs.Tab>
            )}
            <Tabs.Tab value="notes" data-aside>
              Notes{notes.length > 0 && ` (${notes.length})`}
            </Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="evaluation">
            <EvaluationPanel view={record.view} />
          </Tabs.Panel>
          <Tabs.Panel value="map">
            <RunMap
              run={run}
              element={map}
              heldCalls={cursorMs === undefined ? held : NONE}
              stands={pause !== undefined}
            />
          </Tabs.Panel>
          <Tabs.Panel value="checks">
            <ChecksPanel view={view} selectedSeq={selectedSeq} onVisit={visit} isLatest={cursorMs === undefined} />
          </Tabs.Panel>
          <Tabs.Panel value="calls">
            <CallsPanel view={view} selectedSeq={selectedSeq} onVisit={visit} />
          </Tabs.Panel>
          <Tabs.Panel value="waterfall">
            <Waterfall run={run} selectedSeq={selectedSeq} onVisit={visit} onSelectSpan={selectSpan} />
          </Tabs.Panel>
          <Tabs.Panel value="plots">
            <PlotsPanel run={run} selectedSeq={selectedSeq} onVisit={visit} />
          </Tabs.Panel>
          <Tabs.Panel value="events">
            <EventList {...events} />
          </Tabs.Panel>
          <Tabs.Panel value="logs">
            <EventList {...events} isLogs />
          </Tabs.Panel>
          <Tabs.Panel value="notes">
            <NotesPanel annotations={annotations} />
          </Tabs.Panel>
        </Tabs>
      </section>
      {showsInspector && (
        <div className={classes.splitter}>
          <Splitter
            orientation="vertical"
            label="the inspector"
            sizePx={inspectorPx}
            leastPx={LEAST_PART_PX}
            mostPx={MOST_PART_PX}
            onSize={(px) => setPreference({ inspectorPx: px })}
          />
        </div>
      )}
      {showsInspector && (
        <Inspector
          record={record}
          version={version}
          selectedSeq={selectedSeq}
          selectedSpan={selectedSpan}
          onSelect={select}
          view={view}
        />
      )}
    </div>
  );
}
