import { IconDatabaseX, IconEyeExclamation, IconShieldOff } from "@tabler/icons-react";
import { kindOfRun } from "../../electron/contract/runs.ts";
import { headlineOf } from "../../electron/model/headline/headline.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { type Following, useFollowing, useStores } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import type { Annotations } from "../state/use-annotations.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { OutcomeBadge, TraceBadge } from "../ui/outcome.tsx";
import { clockTime } from "../ui/times.ts";
import { AttemptNote } from "./attempt-note.tsx";
import { BatchNote } from "./batch-note.tsx";
import { RunActions } from "./run-actions.tsx";
import classes from "./run-header.module.css";
import { RunNames } from "./run-names.tsx";
import { RunTime } from "./run-time.tsx";

const BADGES: Partial<Record<Following, "reading" | "unknown">> = { loading: "reading", stopped: "unknown" };

/** Title, outcome and reason of a run; where there is a lab, what can be done with it. */
export function RunHeader({ run, annotations }: { run: OpenRun; annotations: Annotations }) {
  const { record } = run;
  const { started, ended } = record.view;
  const { client } = useStores();
  const isRaw = started?.raw === true;
  const kind = kindOfRun(started?.scenario.id ?? "");
  const hasNoStack = kind === "trace" || kind === "session" || kind === "evaluation";
  const without = started?.without ?? [];
  const following = useFollowing(run);

  return (
    <header className={classes.header}>
      <div className={classes.words}>
        <RunNames title={visibleLine(started?.scenario.title ?? "A run")} annotations={annotations} />
        {ended !== undefined && (kind === "scenario" || kind === "manual") && (
          <p className={classes.headline}>{headlineOf(record.view)}</p>
        )}
        <div className={classes.facts}>
          {kind === "trace" ? <TraceBadge /> : <OutcomeBadge outcome={BADGES[following] ?? ended?.outcome} />}
          <span className={classes.elapsed}>
            <RunTime run={run} atMs={ended?.atMs} />
          </span>
          {started !== undefined && (
            <>
              <span className={classes.aside} title={new Date(started.wallMs).toISOString()}>
                {clockTime(started.wallMs, Date.now())}
              </span>
              <span
                className={classes.aside}
                title={started.services.map(({ name }) => name).join(", ")}
                hidden={hasNoStack}
              >
                {started.project === undefined ? "" : `${started.project} · `}
                {started.driver === "process" ? "processes" : "Docker"}
              </span>
            </>
          )}
          {client.hasLab && kind === "scenario" && <BatchNote runId={record.runId} />}
          {client.hasLab && kind === "scenario" && <AttemptNote runId={record.runId} hasEnded={ended !== undefined} />}
          {record.unsaved !== null && (
            <span className={classes.unsaved} role="status" title={record.unsaved.reason}>
              <IconDatabaseX size={13} aria-hidden /> Not saved since{" "}
              {clockTime(record.unsaved.sinceWallMs, Date.now())}: {record.unsaved.reason}
            </span>
          )}
          {without.length > 0 && (
            <span className={classes.without}>
              <IconShieldOff size={13} aria-hidden /> without {without.join(", ")}
            </span>
          )}
          {isRaw && (
            <span className={classes.without} title="Secrets are not redacted; the run cannot be exported">
              <IconEyeExclamation size={13} aria-hidden /> raw
            </span>
          )}
          <span className={classes.reason}>
            <BriefText text={ended?.reason ?? started?.scenario.summary ?? ""} of="Result" />
          </span>
        </div>
      </div>
      {client.hasLab && <RunActions run={run} />}
    </header>
  );
}
