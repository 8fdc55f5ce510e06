import { Button, Modal } from "@mantine/core";
import { useRef, useState } from "react";
import type { DeleteReport, RunSummary } from "../../electron/contract/history.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt, tell, tellFailure } from "../state/tell.tsx";
import { focusMain } from "../ui/focus-main.ts";
import classes from "./delete-runs.module.css";
import { whyNotDelete } from "./run-choices.ts";

/** The contract takes no more. */
const MOST_AT_ONCE = 500;

interface DeleteRunsProps {
  runs: readonly RunSummary[];
  onClose: () => void;
  /** When it has closed after that. */
  onDeleted?: () => void;
}

/** Asks before runs are deleted, and says which of them stay. */
export function DeleteRuns({ runs: asked, onClose, onDeleted }: DeleteRunsProps) {
  const { client } = useStores();
  // While it closes, it still says what it was about.
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
      if (kept.length === 0) tell(`${deleted} ${deleted === 1 ? "run" : "runs"} deleted`);
      else tellFailure(`${kept.length} of ${deletable.length} were not deleted`, reasonsOf(kept));
    });
    setDeleting(false);
    onClose();
  };
  const afterClosing = () => {
    if (!isDone) return;
    setDone(false);
    onDeleted?.();
    // What opened this may be gone with its run.
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
          {deletable.length === 1 ? "and its events, logs and reports go" : "go"} for good. Export first what you may
          want again.
        </p>
        {staying > 0 && (
          <p>
            {staying} of the selected {staying === 1 ? "stays: it is" : "stay: they are"} pinned or still on.
          </p>
        )}
      </div>
      <div className={classes.buttons}>
        <Button variant="default" onClick={onClose} disabled={isDeleting} data-autofocus>
          Keep {deletable.length === 1 ? "it" : "them"}
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
