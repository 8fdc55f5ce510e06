import { IconPlayerSkipForward } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { kindOfRun } from "../../electron/contract/runs.ts";
import type { ScenarioDetail } from "../../electron/contract/scenarios.ts";
import { headlineOf } from "../../electron/model/headline/headline.ts";
import { refusedCalls } from "../../electron/model/headline/refused-calls.ts";
import { narrationOf } from "../../electron/model/narration.ts";
import { stepsDone } from "../../electron/model/pause.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import { type Following, useFollowing, usePreferences, useStores } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { hasMoreToSay } from "../ui/has-more-to-say.ts";
import { PreviousNext } from "../ui/previous-next.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { ToneBadge, ToneDot } from "../ui/tone-mark.tsx";
import unseen from "../ui/unseen.module.css";
import { momentOf } from "./moment.ts";
import classes from "./moment-bar.module.css";
import { PictureMenu, type Pictures } from "./picture-menu.tsx";
import { Replay } from "./replay.tsx";
import { RunTime } from "./run-time.tsx";

interface MomentBarProps {
  run: OpenRun;
  view: RunView;
  cursorMs: number | undefined;
  hasMoved: boolean;
  /** A paced run waits, and says elsewhere before what. */
  isWaiting: boolean;
  onFollow: () => void;
  onError: (direction: 1 | -1) => void;
  pictures: Pictures;
}

/** Before the time of the newest moment. */
const NEWEST: Record<Following, string> = {
  loading: "Loading, at",
  live: "Live",
  ended: "At the end",
  stopped: "Last known at",
};

/** The state of the run at the moment shown. */
export function MomentBar({ run, view, cursorMs, hasMoved, isWaiting, onFollow, onError, pictures }: MomentBarProps) {
  const { phase, steps, health, faults, waiting } = momentOf(view);
  const isPresenting = usePreferences((state) => state.isPresenting);
  const following = useFollowing(run);
  const hasEnded = following === "ended";
  const { record, version } = run;
  const errors = record.timeline.errorSeqs.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the record grows in place; its version changes
  const refused = useMemo(() => (errors === 0 ? 0 : refusedCalls(record.view)), [record, version, errors]);
  const failures = Math.max(0, errors - refused);
  // Of what is made of spans alone the waterfall has the failures, and nothing the health.
  const kind = kindOfRun(record.view.started?.scenario.id ?? "");
  const hasOnlySpans = kind === "trace" || kind === "session";
  return (
    <div className={classes.bar}>
      <div className={classes.when} data-testid="moment">
        {cursorMs === undefined ? NEWEST[following] : "At"}{" "}
        <b>
          <RunTime run={run} atMs={cursorMs} />
        </b>
      </div>
      <ReasonedButton
        variant={hasMoved ? "light" : "subtle"}
        color={hasMoved ? "indigo" : "gray"}
        size="compact-xs"
        leftSection={<IconPlayerSkipForward size={13} aria-hidden />}
        disabledBecause={
          hasMoved ? undefined : hasEnded ? "Already at the end, with the whole run shown" : "Already following the run"
        }
        onClick={onFollow}
      >
        {hasEnded ? "Show the end" : "Follow"}
      </ReasonedButton>
      {hasEnded && <Replay endMs={run.record.view.lastMs} />}
      <PictureMenu runId={run.record.runId} pictures={pictures} />
      {!hasOnlySpans && (
        <span className={classes.errors}>
          {failures === 0 ? "no failures" : `${failures} ${failures === 1 ? "failure" : "failures"}`}
          {refused > 0 && `, ${refused} refused`}
          <PreviousNext what="failure or refusal" keys={["Shift N", "N"]} onGo={onError} />
        </span>
      )}
      <span className={classes.break} />
      {!hasOnlySpans &&
        health.map(({ service, status, reason }) => (
          <span
            key={service}
            className={classes.service}
            title={`${service}: ${status} (${reason})`}
            data-status={status}
          >
            <ToneDot tone={status} />
            {service}
            {status !== "up" && <b> {status}</b>}
          </span>
        ))}
      {faults.map(({ id, name }) => (
        <span key={id} className={classes.fault}>
          <ToneBadge tone="fault">{name}</ToneBadge>
        </span>
      ))}
      {waiting > 0 && (
        <span className={classes.fault}>
          <ToneBadge tone="approvalRequired">{waiting === 1 ? "1 call waiting" : `${waiting} calls waiting`}</ToneBadge>
        </span>
      )}
      <span className={classes.now}>
        {phase !== undefined && <span>{phase}</span>}
        {steps.at(-1) !== undefined && <b title={steps.at(-1)?.name}>{steps.at(-1)?.name}</b>}
      </span>
      {isPresenting && <NextStep view={view} isWaiting={isWaiting} />}
    </div>
  );
}

/** Presenter mode: the current and the next step, in large type. */
function NextStep({ view, isWaiting }: { view: RunView; isWaiting: boolean }) {
  const { client } = useStores();
  const scenarioId = view.started?.scenario.id;
  const [detail, setDetail] = useState<ScenarioDetail>();
  useEffect(() => {
    if (scenarioId === undefined) return;
    let isCurrent = true;
    // Without the scenario the next step is unknown; the current one is in the log.
    client.call.scenarios.get({ id: scenarioId }).then(
      (found) => isCurrent && setDetail(found),
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [client, scenarioId]);
  const current = stepsDone(view).at(-1);
  const next = view.ended === undefined ? detail?.steps[stepsDone(view).length] : undefined;
  const said = narrationOf(view);
  return (
    <dl className={classes.presenter}>
      {said !== undefined && (
        <>
          <dt className={unseen.unseen}>Narration</dt>
          <dd className={classes.said} aria-live="polite">
            {said}
          </dd>
        </>
      )}
      {view.ended !== undefined && (
        <>
          <dt>Ended</dt>
          <dd>
            {headlineOf(view)}
            {hasMoreToSay(view.ended.outcome) && (
              <span className={classes.reason}>
                <BriefText text={view.ended.reason} of="Result" />
              </span>
            )}
          </dd>
        </>
      )}
      {view.ended === undefined && !isWaiting && (
        <>
          <dt>Now</dt>
          <dd>
            <BriefText text={current?.name ?? view.phases.at(-1)?.name ?? "preparing"} of="Step" />
          </dd>
          <dt>Next</dt>
          <dd>
            <BriefText
              text={next?.label ?? (detail === undefined ? "" : "check the result and undo everything")}
              of="Next step"
            />
          </dd>
        </>
      )}
    </dl>
  );
}
