import { Modal, SegmentedControl } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { QueueList } from "../../electron/contract/queue.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { goTo } from "../state/use-route.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { useEvaluationFields } from "./evaluation-fields.tsx";
import classes from "./queue-page.module.css";
import { useScenarioFields } from "./scenario-fields.tsx";

interface SubmitRunProps {
  isOpen: boolean;
  workers: QueueList["workers"];
  onClose: () => void;
  onDone: () => void;
}

/** Submits a scenario, to the open stack or to a worker, or an evaluation of traces to a worker. */
export function SubmitRun({ isOpen, workers, onClose, onDone }: SubmitRunProps) {
  const { client } = useStores();
  const [kind, setKind] = useState("scenario");
  const [isWorking, setWorking] = useState(false);
  const scenario = useScenarioFields(workers);
  const evaluation = useEvaluationFields();
  const { fields, filled } = kind === "scenario" ? scenario : evaluation;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (filled.is === "incomplete" || isWorking) return;
    setWorking(true);
    const submitted = await attempt("The run could not be submitted", () => client.call.queue.submit(filled.request));
    setWorking(false);
    const [first] = submitted?.runIds ?? [];
    if (first === undefined) return;
    onDone();
    onClose();
    goTo({ at: "queue", runId: first });
  };
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      size={640}
      title="Submit a run"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form className={classes.form} onSubmit={(event) => void submit(event)}>
        <SegmentedControl
          aria-label="What is submitted"
          data={[
            { value: "scenario", label: "Scenario" },
            { value: "evaluation", label: "Evaluation of traces" },
          ]}
          value={kind}
          onChange={setKind}
        />
        {fields}
        <ReasonedButton
          type="submit"
          loading={isWorking}
          disabledBecause={filled.is === "incomplete" ? filled.because : undefined}
        >
          Submit
        </ReasonedButton>
      </form>
    </Modal>
  );
}
