import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArrowsDiff,
  IconDots,
  IconDownload,
  IconFileExport,
  IconFilePlus,
  IconPin,
  IconPinFilled,
  IconPlayerStop,
  IconRefresh,
  IconRepeat,
  IconShieldOff,
  IconTestPipe,
  IconTrash,
} from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { RUN_FILE_FORMATS, RUN_FILE_LABELS } from "../../electron/contract/bundles.ts";
import type { RunDetail } from "../../electron/contract/history.ts";
import { kindOfRun } from "../../electron/contract/runs.ts";
import { OTHER_STACK_HINT, onOtherStack } from "../../electron/model/other-stack.ts";
import { DeleteRuns } from "../history/delete-runs.tsx";
import { ExportRuns } from "../history/export-runs.tsx";
import { useBundles } from "../history/use-bundles.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useFollowing, useLab, useStores } from "../state/lab-context.tsx";
import type { OpenRun } from "../state/lab-store.ts";
import { attempt } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { goTo } from "../state/use-route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { focusMain } from "../ui/focus-main.ts";
import { Hint } from "../ui/hint.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import classes from "./run-header.module.css";

/** Runs of one set, which are compared when the last one has ended. */
const REPEATS = [5, 20] as const;
const IN_PROGRESS = { loading: "The run is still loading", live: "The run is in progress" } as const;

/** What can be done with a run in the lab. */
export function RunActions({ run }: { run: OpenRun }) {
  const { record } = run;
  const { started, ended } = record.view;
  const actions = useLabActions();
  const bundles = useBundles();
  const cannotRun = useLab(whyNotRun);
  const otherStack = useLab(({ lab }) => lab && started && onOtherStack(started, lab.stack));
  const entry = useLab((state) => state.lab?.queue.active.find(({ runId }) => runId === record.runId));
  const protection = useLab(
    (state) => state.catalogue?.scenarios.find(({ id }) => id === started?.scenario.id)?.protection ?? null,
  );
  const { detail, setPinned, compareWith } = useRunInHistory(record.runId, ended !== undefined);
  const [isDeleting, setDeleting] = useState(false);
  const [isExporting, setExporting] = useState(false);
  const isRaw = started?.raw === true;
  const kind = kindOfRun(started?.scenario.id ?? "");
  const isManual = kind === "manual";
  const without = started?.without ?? [];
  const following = useFollowing(run);
  const isLive = following === "live" || following === "loading";
  const whyNoRerun = isLive ? IN_PROGRESS[following] : (cannotRun ?? sentence(otherStack));
  const noOther =
    detail === undefined
      ? "The history of this scenario is still loading"
      : "No other run of this scenario to compare with";
  const whyNoCompare = compareWith === undefined ? noOther : undefined;

  const rawReason = isRaw ? 'recorded raw: turn "Keep runs raw" off in the settings and run again' : undefined;
  const whyNoExport = isLive ? "the run is in progress" : (bundles.whyNot ?? rawReason);

  return (
    <div className={classes.actions}>
      {isLive && entry !== undefined ? (
        <ReasonedButton
          variant="default"
          leftSection={<IconPlayerStop size={14} aria-hidden />}
          disabledBecause={entry.cancelling ? "Cancelling: its faults are undone first" : undefined}
          onClick={() => void actions.cancel(entry.entryId)}
        >
          Cancel the run
        </ReasonedButton>
      ) : isManual ? (
        <ReasonedButton
          variant="light"
          leftSection={<IconFilePlus size={14} aria-hidden />}
          disabledBecause={isLive ? "The session is in progress: restore what is broken first" : undefined}
          hint="Opens its faults and calls as a scenario that repeats them"
          onClick={() => goTo({ at: "scenarios", manualRunId: record.runId })}
        >
          Save as a scenario
        </ReasonedButton>
      ) : kind === "trace" || kind === "session" ? (
        <ReasonedButton
          variant="light"
          leftSection={<IconTestPipe size={14} aria-hidden />}
          hint="The turns of agents in it, against an eval set"
          onClick={() => goTo({ at: "evaluate", runIds: [record.runId] })}
        >
          Evaluate
        </ReasonedButton>
      ) : kind === "evaluation" ? null : (
        <ReasonedButton
          variant="light"
          leftSection={<IconRefresh size={14} aria-hidden />}
          disabledBecause={whyNoRerun}
          hint="Run the same version of the scenario with the same settings"
          onClick={() => void actions.rerun(record.runId)}
        >
          Run again
        </ReasonedButton>
      )}
      {!isLive && protection !== null && (
        <ReasonedButton
          variant="default"
          leftSection={<IconShieldOff size={14} aria-hidden />}
          disabledBecause={whyNoRerun}
          hint={
            without.length === 0
              ? `See the failure that ${protection} prevents, then compare both runs`
              : "Run with all protections on, then compare both runs"
          }
          onClick={() => void actions.rerun(record.runId, without.length === 0 ? [protection] : [])}
        >
          {without.length === 0 ? `Without ${protection}` : "With protections"}
        </ReasonedButton>
      )}
      <ReasonedButton
        variant="default"
        leftSection={<IconArrowsDiff size={14} aria-hidden />}
        disabledBecause={whyNoCompare}
        hint="Compare with the last run of this scenario with other protections, or else the last one"
        onClick={() => compareWith !== undefined && goTo({ at: "compare", left: compareWith, right: record.runId })}
      >
        Compare
      </ReasonedButton>
      <span className={`${classes.more} ${classes.aside}`}>
        <Hint label={detail?.pinned ? "Unpin: the run may be deleted" : "Pin: the run is never deleted automatically"}>
          <ActionIcon
            variant="default"
            size={30}
            aria-label={detail?.pinned ? "Unpin this run" : "Pin this run"}
            aria-pressed={detail?.pinned ?? false}
            onClick={() => void setPinned(!(detail?.pinned ?? false))}
          >
            {detail?.pinned ? <IconPinFilled size={15} aria-hidden /> : <IconPin size={15} aria-hidden />}
          </ActionIcon>
        </Hint>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size={30} aria-label="More for this run">
              <IconDots size={15} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<IconDownload size={15} aria-hidden />}
              disabled={whyNoExport !== undefined}
              onClick={() => setExporting(true)}
            >
              Export {whyNoExport === undefined ? "as a bundle" : `(${whyNoExport})`}
            </Menu.Item>
            {kind !== "evaluation" && (
              <>
                <Menu.Item
                  leftSection={<IconTestPipe size={15} aria-hidden />}
                  disabled={whyNoExport !== undefined}
                  onClick={() => goTo({ at: "evaluate", runIds: [record.runId] })}
                >
                  Evaluate
                </Menu.Item>
                <Menu.Item
                  leftSection={<IconFileExport size={15} aria-hidden />}
                  disabled={whyNoExport !== undefined}
                  onClick={() => void bundles.saveExpected(record.runId)}
                >
                  Save what it did as an eval set
                </Menu.Item>
              </>
            )}
            {kind === "scenario" &&
              REPEATS.map((times) => (
                <Menu.Item
                  key={times}
                  leftSection={<IconRepeat size={15} aria-hidden />}
                  disabled={whyNoRerun !== undefined}
                  onClick={() => void actions.rerun(record.runId, undefined, times)}
                >
                  Run again {times} times
                </Menu.Item>
              ))}
            {RUN_FILE_FORMATS.map((format) => (
              <Menu.Item
                key={format}
                leftSection={<IconFileExport size={15} aria-hidden />}
                disabled={whyNoExport !== undefined}
                onClick={() => void bundles.exportFile(record.runId, format)}
              >
                Export {RUN_FILE_LABELS[format]}
              </Menu.Item>
            ))}
            <Menu.Item
              leftSection={<IconTrash size={15} aria-hidden />}
              disabled={isLive || detail === undefined || detail.pinned}
              onClick={() => setDeleting(true)}
            >
              Delete{isLive ? " (the run is in progress)" : detail?.pinned ? " (the run is pinned)" : ""}
            </Menu.Item>
            {kind === "scenario" && started !== undefined && (
              <Menu.Item
                component="a"
                href={formatRoute({ at: "scenarios", scenarioId: started.scenario.id, isCopy: true })}
              >
                Customise a copy of the scenario
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      </span>
      <ExportRuns runIds={isExporting ? [record.runId] : []} onClose={() => setExporting(false)} />
      <DeleteRuns
        runs={isDeleting && detail !== undefined ? [detail] : []}
        onClose={() => setDeleting(false)}
        onDeleted={() => {
          goTo({ at: "history" });
          focusMain();
        }}
      />
    </div>
  );
}

function sentence(otherStack: string | undefined): string | undefined {
  if (otherStack === undefined) return undefined;
  return `${otherStack.charAt(0).toUpperCase()}${otherStack.slice(1)}. Fix: ${OTHER_STACK_HINT}.`;
}

/** The run's data in the history: whether it is pinned, and a run to compare with. */
function useRunInHistory(runId: string, hasEnded: boolean) {
  const { client } = useStores();
  const version = useLab((state) => state.lab?.historyVersion);
  const [detail, setDetail] = useState<RunDetail>();
  const [compareWith, setCompareWith] = useState<string>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: reloaded when the history changes
  useEffect(() => {
    let isCurrent = true;
    const read = async () => {
      const run = await client.call.history.get({ runId });
      const { runs } = await client.call.history.list({ scenarioId: run.scenarioId, limit: 50 });
      if (!isCurrent) return;
      setDetail(run);
      const others = runs.filter(({ id, outcome }) => id !== runId && outcome !== null);
      const settings = run.without.join();
      setCompareWith((others.find(({ without }) => without.join() !== settings) ?? others[0])?.id);
    };
    // An unreadable history is reported elsewhere; the run itself is loaded.
    read().catch(() => {});
    return () => {
      isCurrent = false;
    };
  }, [client, runId, version, hasEnded]);

  return {
    detail,
    compareWith,
    setPinned: (pinned: boolean) =>
      attempt("The pin could not be set", async () => {
        await client.call.history.pin({ runId, pinned });
        setDetail((known) => (known === undefined ? known : { ...known, pinned }));
      }),
  };
}
