import { useEffect, useState } from "react";
import type { RunDetail } from "../../electron/contract/history.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt, Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { goTo } from "../state/use-route.ts";
import { ChooseEvalSet, ChooseMetrics, FIRST_CHOICE, toRequest, whyNotEvaluated } from "../ui/evaluation-choice.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import classes from "./evaluate-page.module.css";

/** What traces and runs are to be evaluated by; the result is an entry of the history, which is then shown. */
export default function EvaluatePage({ runIds }: { runIds: readonly string[] }) {
  const { client } = useStores();
  const [runs, setRuns] = useState<readonly RunDetail[]>();
  const [failure, setFailure] = useState<string>();
  const [choice, setChoice] = useState(FIRST_CHOICE);
  const [isWorking, setWorking] = useState(false);
  const key = runIds.join();
  useEffect(() => {
    const until = new AbortController();
    const { signal } = until;
    Promise.all(key.split(",").map((runId) => client.call.history.get({ runId }, { signal }))).then(
      setRuns,
      (error: Error) => {
        if (!signal.aborted) setFailure(failureText(error));
      },
    );
    return () => until.abort();
  }, [client, key]);
  if (failure !== undefined) return <Failure title="These entries cannot be evaluated" text={failure} />;
  if (runs === undefined) return <Loading what="Loading the entries" />;

  const evaluate = async () => {
    setWorking(true);
    const stored = await attempt("Nothing was evaluated", () =>
      client.call.traces.evaluate({ runIds: [...runIds], ...toRequest(choice) }),
    );
    setWorking(false);
    if (stored !== undefined) goTo({ at: "run", runId: stored.runId });
  };
  return (
    <div className={classes.page}>
      <h1>Evaluate</h1>
      <section aria-label="Entries">
        <h2>{runs.length === 1 ? "Of this entry" : `Of these ${runs.length} entries`}</h2>
        <ul>
          {runs.map(({ id, scenarioTitle }) => (
            <li key={id}>
              <a href={formatRoute({ at: "run", runId: id })}>{scenarioTitle}</a>
            </li>
          ))}
        </ul>
      </section>
      <section aria-label="Eval set">
        <h2>Expected turns</h2>
        <ChooseEvalSet
          choice={choice}
          onChange={setChoice}
          onFile={(file) => attempt("The eval set could not be uploaded", () => client.upload(file))}
        />
      </section>
      <section aria-label="Metrics">
        <h2>Metrics</h2>
        <ChooseMetrics choice={choice} onChange={setChoice} />
      </section>
      <div>
        <ReasonedButton
          disabledBecause={isWorking ? "Evaluating" : whyNotEvaluated(choice)}
          onClick={() => void evaluate()}
        >
          Evaluate
        </ReasonedButton>
      </div>
    </div>
  );
}
