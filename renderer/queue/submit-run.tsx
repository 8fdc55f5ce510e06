import { Button, Checkbox, Modal, NumberInput, Select } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { QueueList, QueueSubmitRequest } from "../../electron/contract/queue.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { goTo } from "../state/use-route.ts";
import classes from "./queue-page.module.css";

interface SubmitRunProps {
  isOpen: boolean;
  workers: QueueList["workers"];
  onClose: () => void;
  onDone: () => void;
}

const MOST_REPEATS = 100;

/** Submits a scenario, to the open stack or to a worker. */
export function SubmitRun({ isOpen, workers, onClose, onDone }: SubmitRunProps) {
  const { client } = useStores();
  const catalogue = useLab((state) => state.catalogue);
  const project = useLab((state) => state.lab?.stack.project ?? "");
  const known = useLab((state) => state.lab?.stack.protections.known);
  const [scenarioId, setScenarioId] = useState<string | null>(null);
  const [stack, setStack] = useState("open");
  const [without, setWithout] = useState<string[]>([]);
  const [repeats, setRepeats] = useState(1);
  const [isWorking, setWorking] = useState(false);
  const named = [...new Set(workers.flatMap(({ labels }) => labels.filter((label) => label.startsWith("stack:"))))];
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (scenarioId === null) return;
    setWorking(true);
    const submitted = await attempt("The run could not be submitted", () =>
      client.call.queue.submit({ scenarioId, stack: stackOf(stack), without, repeats }),
    );
    setWorking(false);
    const [first] = submitted?.runIds ?? [];
    if (first === undefined) return;
    onDone();
    onClose();
    goTo({ at: "queue", runId: first });
  };
  return (
    <Modal opened={isOpen} onClose={onClose} title="Submit a run" closeButtonProps={{ "aria-label": "Close" }}>
      <form className={classes.form} onSubmit={(event) => void submit(event)}>
        <Select
          data-autofocus
          searchable
          label="Scenario"
          placeholder="Choose one"
          nothingFoundMessage="No matches"
          data={(catalogue?.scenarios ?? []).map(({ id, title }) => ({ value: id, label: title }))}
          value={scenarioId}
          onChange={setScenarioId}
        />
        <Select
          label="Stack"
          allowDeselect={false}
          data={[
            { value: "open", label: `The open stack, ${project}` },
            { value: "reference process", label: "Reference stack, by a worker" },
            { value: "reference docker", label: "Reference stack on Docker, by a worker" },
            ...named.map((label) => ({ value: label, label: `${label.slice(6)}, by a worker` })),
          ]}
          value={stack}
          onChange={(value) => setStack(value ?? "open")}
        />
        <NumberInput
          label="Repeats"
          min={1}
          max={MOST_REPEATS}
          clampBehavior="strict"
          allowDecimal={false}
          value={repeats}
          onChange={(value) => setRepeats(Math.max(1, Number(value) || 1))}
        />
        {known !== undefined && known.length > 0 && (
          <Checkbox.Group label="Protections that are switched off" value={without} onChange={setWithout}>
            <div className={classes.protections}>
              {known.map((name) => (
                <Checkbox key={name} size="xs" value={name} label={name} />
              ))}
            </div>
          </Checkbox.Group>
        )}
        <Button type="submit" loading={isWorking} disabled={scenarioId === null}>
          Submit
        </Button>
      </form>
    </Modal>
  );
}

function stackOf(value: string): QueueSubmitRequest["stack"] {
  if (value === "reference process") return { is: "reference", driver: "process" };
  if (value === "reference docker") return { is: "reference", driver: "docker" };
  return value.startsWith("stack:") ? { is: "named", name: value.slice(6) } : { is: "open" };
}
