import { Button, Modal } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import type { ScenarioDetail } from "../../electron/contract/scenarios.ts";
import { attempt } from "../app/tell.tsx";
import { useStores } from "../state/lab-context.tsx";
import classes from "./editor-page.module.css";

interface DeleteScenarioProps {
  detail: ScenarioDetail;
  isSuite: boolean;
  onDeleted: () => void;
}

/** Deletes one's own scenario, after asking. */
export function DeleteScenario({ detail, isSuite, onDeleted }: DeleteScenarioProps) {
  const { client } = useStores();
  const [asks, setAsks] = useState(false);
  const [isDeleting, setDeleting] = useState(false);
  const remove = async () => {
    setDeleting(true);
    const done = await attempt("The scenario could not be deleted", () =>
      client.call.scenarios.delete({ id: detail.id }),
    );
    setDeleting(false);
    setAsks(false);
    if (done !== undefined) onDeleted();
  };
  return (
    <>
      <Button variant="default" leftSection={<IconTrash size={14} aria-hidden />} onClick={() => setAsks(true)}>
        Delete
      </Button>
      <Modal
        opened={asks}
        onClose={() => !isDeleting && setAsks(false)}
        title={`Delete ${detail.title}?`}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        <p className={classes.words}>
          {isSuite ? "The suite's file goes, with all of its cases." : "Its file goes."} Runs of it stay in the history
          and can be run again from there.
        </p>
        <div className={classes.buttons}>
          <Button variant="default" onClick={() => setAsks(false)} data-autofocus>
            Keep it
          </Button>
          <Button color="red.9" loading={isDeleting} onClick={() => void remove()}>
            Delete
          </Button>
        </div>
      </Modal>
    </>
  );
}
