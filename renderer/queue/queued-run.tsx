import type { QueueAttemptDetail, QueuedRunDetail, QueuedRunSummary } from "../../electron/contract/queue.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt as attemptTo, Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { goTo } from "../state/use-route.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { Facts } from "../ui/facts.tsx";
import list from "../ui/list-detail.module.css";
import { OutcomeBadge } from "../ui/outcome.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import { clockTime, formatDuration } from "../ui/times.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import classes from "./queue-page.module.css";
import { stateText } from "./queue-row.tsx";
import { useQueuedRun } from "./use-queue.ts";

/** One submitted run: its state, its attempts side by side, and its results. */
export function QueuedRun({ runId }: { runId: string }) {
  const { value, failure, again } = useQueuedRun(runId);
  const nowMs = useLabNow(5_000);
  if (failure !== undefined) {
    return (
      <section className={`${list.panel} ${classes.panel}`} aria-label="Run">
        <Failure title="This run could not be loaded" text={failure} />
      </section>
    );
  }
  if (value === undefined) return <Loading what="Loading the run" />;
  const { run, attempts, results } = value;
  return (
    <section className={`${list.panel} ${classes.panel}`} aria-label="Run" id="details" tabIndex={-1}>
      <header className={classes.runHead}>
        <h2>{run.title}</h2>
        <Actions run={run} onDone={again} />
      </header>
      <Facts facts={factsOf(run, nowMs)} />
      {run.waits?.next != null && <p className={classes.next}>{run.waits.next}</p>}
      <Attempts attempts={attempts} nowMs={nowMs} />
      <Results results={results} />
    </section>
  );
}

function factsOf(run: QueuedRunSummary, nowMs: number): [string, string][] {
  const { runId, target, labels, without, repeats, submittedWallMs } = run;
  return [
    ["State", stateText(run)],
    ["On", target],
    ...(repeats > 1 ? [["Repeats", String(repeats)] as [string, string]] : []),
    ...(without.length > 0 ? [["Without", without.join(", ")] as [string, string]] : []),
    ...(labels.length > 0 ? [["Asks for", labels.join(", ")] as [string, string]] : []),
    ["Submitted", clockTime(submittedWallMs, nowMs)],
    ["Id", runId],
  ];
}

function Actions({ run, onDone }: { run: QueuedRunSummary; onDone: () => void }) {
  const { client } = useStores();
  const cannotRun = useLab(whyNotRun);
  const { runId, state, title, cancelRequested, notRepeatable } = run;
  const cancel = () =>
    attemptTo("The run could not be cancelled", () => client.call.queue.cancel({ runId })).then(onDone);
  const repeat = async () => {
    const submitted = await attemptTo("The run could not be repeated", () => client.call.queue.repeat({ runId }));
    const [first] = submitted?.runIds ?? [];
    if (first !== undefined) goTo({ at: "queue", runId: first });
  };
  return (
    <div className={classes.actions}>
      {state !== "ended" && (
        <ReasonedButton
          variant="default"
          aria-label={`Cancel ${title}`}
          disabledBecause={cancelRequested ? "Cancelling: its faults are undone first" : undefined}
          onClick={() => void cancel()}
        >
          Cancel
        </ReasonedButton>
      )}
      <ReasonedButton
        variant="default"
        aria-label={`Repeat ${title}`}
        hint="Submits the same again"
        disabledBecause={notRepeatable ?? cannotRun}
        onClick={() => void repeat()}
      >
        Repeat
      </ReasonedButton>
    </div>
  );
}

const ENDINGS = {
  lost: "Worker lost",
  released: "Given back",
} as const;

/** A column an attempt, so that they can be compared line by line. */
function Attempts({ attempts, nowMs }: { attempts: readonly QueueAttemptDetail[]; nowMs: number }) {
  if (attempts.length === 0) return <p className={classes.note}>No attempt yet.</p>;
  const last = attempts.flatMap(({ runs }) => runs.at(-1)?.runId ?? []);
  const [left, right] = last.slice(-2);
  return (
    <>
      <h3>{attempts.length === 1 ? "Attempt" : "Attempts side by side"}</h3>
      <div className={classes.scroll}>
        <table className={classes.attempts}>
          <thead>
            <tr>
              <td />
              {attempts.map(({ attempt }) => (
                <th key={attempt} scope="col">
                  Attempt {attempt}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Line name="Worker" attempts={attempts} of={({ worker }) => worker} />
            <Line name="Began" attempts={attempts} of={({ claimedWallMs }) => clockTime(claimedWallMs, nowMs)} />
            <Line
              name="Took"
              attempts={attempts}
              of={({ claimedWallMs, endedWallMs }) => formatDuration((endedWallMs ?? nowMs) - claimedWallMs)}
            />
            <Line name="Ended" attempts={attempts} of={(attempt) => <Ending attempt={attempt} />} />
            <Line name="Why" attempts={attempts} of={({ reason }) => reason ?? ""} />
            <Line name="In the history" attempts={attempts} of={(attempt) => <Runs attempt={attempt} />} />
          </tbody>
        </table>
      </div>
      {left !== undefined && right !== undefined && (
        <p className={classes.note}>
          <a href={formatRoute({ at: "compare", left, right })}>Compare the last two attempts on one time axis</a>
        </p>
      )}
    </>
  );
}

interface LineProps {
  name: string;
  attempts: readonly QueueAttemptDetail[];
  of: (attempt: QueueAttemptDetail) => React.ReactNode;
}

function Line({ name, attempts, of }: LineProps) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {attempts.map((attempt) => (
        <td key={attempt.attempt}>{of(attempt)}</td>
      ))}
    </tr>
  );
}

function Ending({ attempt: { ending } }: { attempt: QueueAttemptDetail }) {
  if (ending === "lost" || ending === "released") return <ToneWord tone="warning">{ENDINGS[ending]}</ToneWord>;
  return <OutcomeBadge outcome={ending} />;
}

function Runs({ attempt: { runs } }: { attempt: QueueAttemptDetail }) {
  if (runs.length === 0) return "nothing";
  return (
    <ul>
      {runs.map(({ runId, title, outcome, durationMs }) => (
        <li key={runId}>
          <a href={formatRoute({ at: "run", runId })}>{title}</a> <OutcomeBadge outcome={outcome} />
          {durationMs !== null && ` ${formatDuration(durationMs)}`}
        </li>
      ))}
    </ul>
  );
}

const RESULT_TONES = { passed: "passed", failed: "failed", errored: "warning", skipped: "muted" } as const;

function Results({ results }: { results: QueuedRunDetail["results"] }) {
  if (results.length === 0) return null;
  return (
    <>
      <h3>Results</h3>
      <div className={classes.scroll}>
        <table className={classes.results}>
          <thead>
            <tr>
              <th scope="col">What</th>
              <th scope="col">Judged by</th>
              <th scope="col">Result</th>
              <th scope="col">Score</th>
            </tr>
          </thead>
          <tbody>
            {results.map(({ item, evaluator, status, score, error, attempt }) => (
              <tr key={`${item} ${evaluator}`} title={`Attempt ${attempt}`}>
                <td>{item}</td>
                <td>{evaluator}</td>
                <td>
                  <ToneWord tone={RESULT_TONES[status]}>{status}</ToneWord>
                  {error !== null && ` ${error}`}
                </td>
                <td>{score === null ? "" : Math.round(score * 1e4) / 1e4}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
