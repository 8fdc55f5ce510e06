import { Checkbox, FileButton, TextInput } from "@mantine/core";
import { IconFileImport } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { Upload } from "../../electron/contract/bundles.ts";
import type { RunDetail } from "../../electron/contract/history.ts";
import {
  DEFAULT_THRESHOLD,
  isScored,
  METRICS,
  type MetricName,
  TRAJECTORY_MATCHES,
} from "../../electron/model/evaluation.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { goTo } from "../state/use-route.ts";
import { Failed } from "../ui/failed.tsx";
import { FilterSelect } from "../ui/filter-select.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import classes from "./evaluate-page.module.css";

const EXPLAINED: Record<MetricName, string> = {
  tool_trajectory_avg_score: "tools used, with their arguments; needs an eval set",
  response_match_score: "ROUGE-1 of the responses; needs an eval set",
  latency_ms: "of the slowest turn, at most",
  input_tokens: "at most",
  output_tokens: "at most",
  total_tokens: "at most",
  llm_calls: "at most",
  tool_calls: "at most",
};

/** What traces and runs are to be evaluated by; the result is an entry of the history, which is then shown. */
export default function EvaluatePage({ runIds }: { runIds: readonly string[] }) {
  const { client } = useStores();
  const [runs, setRuns] = useState<readonly RunDetail[]>();
  const [failure, setFailure] = useState<string>();
  const [set, setSet] = useState<Upload>();
  const [chosen, setChosen] = useState<ReadonlyMap<MetricName, string>>(new Map([["tool_trajectory_avg_score", ""]]));
  const [match, setMatch] = useState<(typeof TRAJECTORY_MATCHES)[number]>("EXACT");
  const [isWorking, setWorking] = useState(false);
  const key = runIds.join();
  useEffect(() => {
    const until = new AbortController();
    const { signal } = until;
    Promise.all(key.split(",").map((runId) => client.call.history.get({ runId }, { signal }))).then(
      setRuns,
      (error: Error) => {
        if (!signal.aborted) setFailure(error.message);
      },
    );
    return () => until.abort();
  }, [client, key]);
  if (failure !== undefined) return <Failed title="These entries cannot be evaluated" message={failure} />;
  if (runs === undefined) return <Loading what="Loading the entries" />;

  const choose = (metric: MetricName, threshold: string | undefined) => {
    const next = new Map(chosen);
    if (threshold === undefined) next.delete(metric);
    else next.set(metric, threshold);
    setChosen(next);
  };
  const evaluate = async () => {
    setWorking(true);
    const stored = await attempt("Nothing was evaluated", () =>
      client.call.traces.evaluate({
        runIds: [...runIds],
        evalSet: set?.upload ?? null,
        metrics: [...chosen].map(([name, text]) => ({ name, ...(text === "" ? {} : { threshold: Number(text) }) })),
        match,
      }),
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
        <div className={classes.line}>
          <FileButton
            accept=".json,application/json"
            onChange={(file) =>
              file !== null &&
              void attempt("The eval set could not be uploaded", async () => setSet(await client.upload(file)))
            }
          >
            {({ onClick }) => (
              <ReasonedButton
                variant="default"
                leftSection={<IconFileImport size={14} aria-hidden />}
                hint="The Agent Development Kit's eval set, as JSON"
                onClick={onClick}
              >
                Choose an eval set
              </ReasonedButton>
            )}
          </FileButton>
          <span role="status">{set?.fileName ?? "none chosen"}</span>
        </div>
      </section>
      <section aria-label="Metrics">
        <h2>Metrics</h2>
        {METRICS.map((metric) => (
          <div key={metric} className={classes.metric}>
            <Checkbox
              size="xs"
              label={metric}
              checked={chosen.has(metric)}
              onChange={(event) => choose(metric, event.currentTarget.checked ? "" : undefined)}
            />
            <TextInput
              size="xs"
              aria-label={`Threshold of ${metric}`}
              placeholder={isScored(metric) ? `at least ${DEFAULT_THRESHOLD}` : "at most"}
              inputMode="decimal"
              disabled={!chosen.has(metric)}
              value={chosen.get(metric) ?? ""}
              onChange={(event) => choose(metric, event.currentTarget.value.trim())}
            />
            <span>{EXPLAINED[metric]}</span>
          </div>
        ))}
        <FilterSelect
          className={classes.match}
          label="How tools are compared"
          any="EXACT"
          data={TRAJECTORY_MATCHES.slice(1).map((value) => ({ value, label: value }))}
          value={match === "EXACT" ? null : match}
          onChange={(value) => setMatch(TRAJECTORY_MATCHES.find((each) => each === value) ?? "EXACT")}
        />
      </section>
      <div className={classes.line}>
        <ReasonedButton
          disabledBecause={isWorking ? "Evaluating" : whyNot(chosen, set)}
          onClick={() => void evaluate()}
        >
          Evaluate
        </ReasonedButton>
      </div>
    </div>
  );
}

/** Why nothing can be evaluated by these; undefined when it can. */
function whyNot(chosen: ReadonlyMap<MetricName, string>, set: Upload | undefined): string | undefined {
  if (chosen.size === 0) return "Choose a metric";
  for (const [metric, text] of chosen) {
    const number = Number(text);
    if (isScored(metric)) {
      if (set === undefined) return `${metric} needs an eval set: choose one`;
      if (text !== "" && !(number >= 0 && number <= 1)) return `The threshold of ${metric} is from 0 to 1`;
    } else if (text === "" || !Number.isFinite(number)) return `${metric} needs the most that passes, as a number`;
  }
  return undefined;
}
