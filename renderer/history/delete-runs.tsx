import { Button, Modal } from "@mantine/core";
import { useRef, useState } from "react";
import type { DeleteReport, RunSummary } from "../../electron/contract/history.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt, notify, notifyFailure } from "../state/notify.tsx";
import { focusMain } from "../ui/focus-main.ts";
import classes from "./delete-runs.module.css";
import { whyNotDelete } from "./run-choices.ts";

/** Limit of the contract. */
const MOST_AT_ONCE = 500;

interface DeleteRunsProps {
  runs: readonly Omit<RunSummary, "headline">[];
  onClose: () => void;
  /** Called after a deletion, while the dialog is closing. */
  onDeleted?: () => void;
}

/** Confirms the deletion of runs, and lists how many are kept. */
export function DeleteRuns({ runs: asked, onClose, onDeleted }: DeleteRunsProps) {
  const { client } = useStores();
  // The content stays while the dialog closes.
  const latest = useRef(asked);
  if (asked.length > 0) latest.current = asked;
  const runs = latest.current;
  const [isDeleting, setDeleting] = useState(false);
  const [isDone, setDone] = useState(false);
  const deletable = runs.filter((run) => whyNotDelete(run) === undefined);
  const staying = runs.length - deletable.length;
  const count = `${deletable.length} ${deletable.length === 1 ? "run" : "runs"}`;

  const remove = async () => {
    setDeleting(true);
    await attempt("Nothing was deleted", async () => {
      const ids = deletable.map(({ id }) => id);
      let deleted = 0;
      const kept: DeleteReport["kept"] = [];
      for (let start = 0; start < ids.length; start += MOST_AT_ONCE) {
        const report = await client.call.history.delete({ runIds: ids.slice(start, start + MOST_AT_ONCE) });
        deleted += report.deleted;
        kept.push(...report.kept);
      }
      setDone(deleted > 0);
      if (deleted > 0) onDeleted?.();
      if (kept.length === 0) notify(`${deleted} ${deleted === 1 ? "run" : "runs"} deleted`);
      else notifyFailure(`${kept.length} of ${deletable.length} were not deleted`, reasonsOf(kept));
    });
    setDeleting(false);
    onClose();
  };
  const afterClosing = () => {
    if (!isDone) return;
    setDone(false);
    // The button that opened this may be deleted with its run.
    focusMain();
  };

  return (
    <Modal
      opened={asked.length > 0}
      onClose={() => !isDeleting && onClose()}
      onExitTransitionEnd={afterClosing}
      returnFocus={!isDone}
      title={`Delete ${count}?`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <div className={classes.words}>
        <p>
          {deletable.length === 1 && deletable[0] !== undefined ? (
            <b>{deletable[0].scenarioTitle}</b>
          ) : (
            `Their events, logs and reports`
          )}{" "}
          {deletable.length === 1 ? "and its events, logs and reports" : ""} will be deleted permanently. Export first
          to keep a copy.
        </p>
        {staying > 0 && (
          <p>
            {staying} of the selected runs {staying === 1 ? "is" : "are"} kept: pinned or in progress.
          </p>
        )}
      </div>
      <div className={classes.buttons}>
        <Button variant="default" onClick={onClose} disabled={isDeleting} data-autofocus>
          Cancel
        </Button>
        <Button color="red.9" loading={isDeleting} onClick={() => void remove()}>
          Delete {count}
        </Button>
      </div>
    </Modal>
  );
}

function reasonsOf(kept: readonly { because: string }[]): string {
  return [...new Set(kept.map(({ because }) => because))].join("; ");
}
