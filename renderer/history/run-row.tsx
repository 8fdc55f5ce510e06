import { ActionIcon, Checkbox } from "@mantine/core";
import {
  IconEyeExclamation,
  IconFileImport,
  IconPin,
  IconPinFilled,
  IconRefresh,
  IconShieldOff,
  IconTrash,
} from "@tabler/icons-react";
import { type ReactNode, useId } from "react";
import type { RunSummary } from "../../electron/contract/history.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { BatchLink } from "../state/batch-link.tsx";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { BriefText } from "../ui/brief-text.tsx";
import { hasMoreToSay } from "../ui/has-more-to-say.ts";
import { Hint } from "../ui/hint.tsx";
import { OutcomeBadge, TraceBadge } from "../ui/outcome.tsx";
import { ago, clockTime, formatDuration } from "../ui/times.ts";
import unseen from "../ui/unseen.module.css";
import { whyNotDelete, whyNotRepeat } from "./run-choices.ts";
import classes from "./run-table.module.css";

interface RunRowProps {
  run: RunSummary;
  index: number;
  topPx: number;
  heightPx: number;
  nowMs: number;
  isSelected: boolean;
  onSelect: (isOn: boolean) => void;
  onDelete: () => void;
}

export function RunRow({ run, index, topPx, heightPx, nowMs, isSelected, onSelect, onDelete }: RunRowProps) {
  const {
    id,
    scenarioTitle,
    scenarioId,
    outcome,
    reason,
    driver,
    without,
    startedWallMs,
    durationMs,
    pinned,
    importedFrom,
    raw,
    headline,
    batch,
    annotations: { name: ownName, tags },
  } = run;
  const { client } = useStores();
  const actions = useLabActions();
  const cannotRun = useLab(whyNotRun);
  const whatHappened = run.kind === "scenario" ? headline : null;
  const name = `${scenarioTitle}, ${clockTime(startedWallMs, nowMs)}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are positioned absolutely, which a table element does not allow
    // biome-ignore lint/a11y/useFocusableInteractive: a row is for reading, its controls have the focus
    <div
      role="row"
      aria-rowindex={index + 2}
      data-index={index}
      data-selected={isSelected || undefined}
      className={classes.row}
      style={{ height: heightPx, transform: `translateY(${topPx}px)` }}
    >
      <Cell>
        <span data-control="select">
          <Checkbox
            size="xs"
            aria-label={`Select ${name}`}
            checked={isSelected}
            onChange={(event) => onSelect(event.currentTarget.checked)}
          />
        </span>
      </Cell>
      <Cell>{run.kind === "trace" ? <TraceBadge /> : <OutcomeBadge outcome={outcome} />}</Cell>
      <Cell>
        <div className={classes.what}>
          <span className={classes.title}>
            <a href={formatRoute({ at: "run", runId: id })} data-control="open">
              {ownName === "" ? scenarioTitle : visibleLine(ownName)}
            </a>
            {ownName !== "" && <span className={classes.imported}>{scenarioTitle}</span>}
            {tags.map((tag) => (
              <a key={tag} className={classes.tag} href={formatRoute({ at: "history", filter: { tag } })}>
                {visibleLine(tag)}
              </a>
            ))}
            {batch !== null && <BatchLink className={classes.tag ?? ""} place={batch} />}
            {without.length > 0 && (
              <span className={classes.without}>
                <IconShieldOff size={13} aria-hidden /> without {without.join(", ")}
              </span>
            )}
            {importedFrom !== null && (
              <span className={classes.imported} title={`From ${importedFrom}`}>
                <IconFileImport size={13} aria-hidden /> imported
              </span>
            )}
            {raw && (
              <span className={classes.without} title="Secrets are not redacted; the run cannot be exported">
                <IconEyeExclamation size={13} aria-hidden /> raw
              </span>
            )}
          </span>
          <span className={classes.reason}>
            {whatHappened !== null && <span className={classes.headline}>{whatHappened}</span>}
            {(whatHappened === null || hasMoreToSay(outcome)) && <BriefText text={reason ?? scenarioId} of="Result" />}
          </span>
        </div>
      </Cell>
      <Cell>
        {run.kind === "trace" || run.kind === "session" || run.kind === "evaluation"
          ? ""
          : driver === "process"
            ? "processes"
            : driver === "docker"
              ? "Docker"
              : driver}
      </Cell>
      <Cell>
        <time dateTime={new Date(startedWallMs).toISOString()} title={clockTime(startedWallMs, nowMs)}>
          {ago(startedWallMs, nowMs)}
        </time>
      </Cell>
      <Cell isNumber>{formatDuration(durationMs ?? Math.max(0, nowMs - startedWallMs))}</Cell>
      <Cell isNumber>
        <RowButton
          control="repeat"
          label={`Run ${name} again`}
          hint="Run again with the same settings"
          disabledBecause={whyNotRepeat(run) ?? cannotRun}
          onClick={() => void actions.rerun(id)}
        >
          <IconRefresh size={15} aria-hidden />
        </RowButton>
        <RowButton
          control="pin"
          label={`${pinned ? "Unpin" : "Pin"} ${name}`}
          hint={pinned ? "Unpin: the run may be deleted" : "Pin: the run is never deleted automatically"}
          isPressed={pinned}
          onClick={() =>
            void attempt("The pin could not be set", () => client.call.history.pin({ runId: id, pinned: !pinned }))
          }
        >
          {pinned ? <IconPinFilled size={15} aria-hidden /> : <IconPin size={15} aria-hidden />}
        </RowButton>
        <RowButton
          control="delete"
          label={`Delete ${name}`}
          hint="Delete"
          disabledBecause={whyNotDelete(run)}
          onClick={onDelete}
        >
          <IconTrash size={15} aria-hidden />
        </RowButton>
      </Cell>
    </div>
  );
}

function Cell({ children, isNumber = false }: { children: ReactNode; isNumber?: boolean }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are positioned absolutely, which a table element does not allow
    <div role="cell" data-number={isNumber || undefined}>
      {children}
    </div>
  );
}

interface RowButtonProps {
  control: string;
  label: string;
  hint: string;
  disabledBecause?: string | undefined;
  isPressed?: boolean;
  onClick: () => void;
  children: ReactNode;
}

/** Stays focusable when disabled, so that the reason can be read. */
function RowButton({ control, label, hint, disabledBecause, isPressed, onClick, children }: RowButtonProps) {
  const id = useId();
  const isDisabled = disabledBecause !== undefined;
  return (
    <>
      <Hint label={disabledBecause ?? hint}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          data-control={control}
          aria-label={label}
          aria-pressed={isPressed}
          {...(isDisabled ? { "data-disabled": true, "aria-disabled": true, "aria-describedby": id } : {})}
          onClick={() => !isDisabled && onClick()}
        >
          {children}
        </ActionIcon>
      </Hint>
      {isDisabled && (
        <span id={id} className={unseen.unseen}>
          {disabledBecause}
        </span>
      )}
    </>
  );
}
