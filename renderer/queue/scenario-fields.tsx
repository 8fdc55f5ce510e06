import { Checkbox, NumberInput, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import type { QueueList, QueueSubmitRequest } from "../../electron/contract/queue.ts";
import { useLab } from "../state/lab-context.tsx";
import classes from "./queue-page.module.css";
import { type Fields, useWorkerFields } from "./worker-fields.tsx";

const MOST_REPEATS = 100;
const PROJECT = /^[a-z0-9][a-z0-9_.-]{0,99}$/i;

type Stack = Extract<QueueSubmitRequest, { is: "scenario" }>["stack"];

/** Of a scenario, on the open stack or by a worker. */
export function useScenarioFields(workers: QueueList["workers"]): Fields {
  const catalogue = useLab((state) => state.catalogue);
  const openProject = useLab((state) => state.lab?.stack.project ?? "");
  const known = useLab((state) => state.lab?.stack.protections.known);
  const [scenarioId, setScenarioId] = useState<string | null>(null);
  const [stack, setStack] = useState("open");
  const [project, setProject] = useState("");
  const [without, setWithout] = useState<string[]>([]);
  const [repeats, setRepeats] = useState(1);
  const worker = useWorkerFields();
  const named = [...new Set(workers.flatMap(({ labels }) => labels.filter((label) => label.startsWith("stack:"))))];
  const because =
    (scenarioId === null ? "Choose a scenario" : undefined) ??
    (stack === "project" && !PROJECT.test(project) ? "Name the project" : undefined) ??
    (stack === "open" ? undefined : worker.because);
  const stackOf = (): Stack => {
    if (stack === "open") return { is: "open" };
    const { values } = worker;
    if (stack === "project") return { is: "project", project, ...values };
    if (stack.startsWith("stack:")) return { is: "named", name: stack.slice(6), ...values };
    return { is: "reference", driver: stack === "docker" ? "docker" : "process", ...values };
  };
  const fields = (
    <>
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
          { value: "open", label: `The open stack, ${openProject}` },
          { value: "process", label: "Reference stack, by a worker" },
          { value: "docker", label: "Reference stack on Docker, by a worker" },
          { value: "project", label: "A project that is up on a worker's Docker" },
          ...named.map((label) => ({ value: label, label: `${label.slice(6)}, by a worker` })),
        ]}
        value={stack}
        onChange={(value) => setStack(value ?? "open")}
      />
      {stack === "project" && (
        <TextInput
          label="Project"
          description="It has one attempt: a stack that somebody else has up is not broken again because a worker died"
          value={project}
          onChange={(event) => setProject(event.currentTarget.value.trim())}
        />
      )}
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
      {stack !== "open" && worker.fields}
    </>
  );
  return {
    fields,
    filled:
      because === undefined && scenarioId !== null
        ? { is: "complete", request: { is: "scenario", scenarioId, stack: stackOf(), without, repeats } }
        : { is: "incomplete", because: because ?? "Choose a scenario" },
  };
}
