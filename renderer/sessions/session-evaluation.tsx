import { Button, FileInput, NativeSelect } from "@mantine/core";
import { useState } from "react";
import type { SessionEvaluation as Evaluation } from "../../electron/contract/sessions.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { ToneWord } from "../ui/tone-mark.tsx";
import classes from "./sessions-page.module.css";

const MATCHES = ["EXACT", "IN_ORDER", "ANY_ORDER"] as const;

/** Compares the turns of a session with those of an eval set that a person chooses. */
export function SessionEvaluation({ id }: { id: string }) {
  const { client } = useStores();
  const [file, setFile] = useState<File | null>(null);
  const [match, setMatch] = useState<(typeof MATCHES)[number]>("EXACT");
  const [evaluation, setEvaluation] = useState<Evaluation>();
  const evaluate = async (chosen: File) => {
    const request = { id, evalSet: await chosen.text(), match };
    setEvaluation(await attempt("The session was not evaluated", () => client.call.sessions.evaluate(request)));
  };
  return (
    <section className={classes.evaluation} aria-label="Evaluation">
      <h3>Evaluate</h3>
      <div className={classes.request}>
        <FileInput
          size="xs"
          label="Eval set"
          placeholder="Choose a JSON file"
          accept="application/json,.json"
          value={file}
          onChange={setFile}
          clearable
        />
        <NativeSelect
          size="xs"
          label="Tools match"
          data={MATCHES}
          value={match}
          onChange={(event) => setMatch(MATCHES.find((each) => each === event.currentTarget.value) ?? "EXACT")}
        />
        <Button size="xs" disabled={file === null} onClick={() => file !== null && void evaluate(file)}>
          Evaluate
        </Button>
      </div>
      {file === null && <p className={classes.facts}>Choose an eval set first: the turns that are expected.</p>}
      {evaluation !== undefined && (
        <ul aria-label="Results">
          {evaluation.metrics.map(({ metric, score, status, error }) => (
            <li key={metric}>
              <code>{metric}</code> {score === null ? "" : score.toFixed(3)}{" "}
              <ToneWord tone={status === "passed" ? "passed" : "failed"}>{status}</ToneWord>
              {error !== null && ` ${error}`}
            </li>
          ))}
          {evaluation.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
