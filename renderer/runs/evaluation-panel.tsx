import {
  differenceOfUses,
  type EvaluatedMetric,
  type EvaluatedTrace,
  type EvaluatedTurn,
  evaluatedTrace,
  type ToolUse,
} from "../../electron/model/evaluation.ts";
import type { RunView } from "../../electron/model/run-view.ts";
import { useStores } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { Empty } from "../ui/states.tsx";
import classes from "./evaluation-panel.module.css";

/** What was expected of each turn beside what the agent did, from the steps of an evaluation. */
export function EvaluationPanel({ view }: { view: RunView }) {
  const traces = view.steps.flatMap(({ attributes }) => evaluatedTrace.safeParse(attributes.output).data ?? []);
  if (traces.length === 0) return <Empty title="Nothing was evaluated" />;
  return (
    <div className={classes.evaluation}>
      {traces.map((trace) => (
        <Trace key={`${trace.runId} ${trace.traceId}`} trace={trace} />
      ))}
    </div>
  );
}

function Trace({ trace }: { trace: EvaluatedTrace }) {
  const { runId, title, traceId, turns, expected, warnings, metrics } = trace;
  const { client } = useStores();
  const count = Math.max(turns.length, expected?.length ?? 0);
  return (
    <section className={classes.trace} aria-label={title}>
      <h2>
        {client.hasLab ? <a href={formatRoute({ at: "run", runId })}>{title}</a> : title}{" "}
        <code>{traceId.slice(0, 8)}</code>
      </h2>
      <ul className={classes.metrics} aria-label="Metrics">
        {metrics.map((result) => (
          <Metric key={result.metric} result={result} />
        ))}
      </ul>
      {warnings.map((warning) => (
        <p key={warning} className={classes.warning}>
          {warning}
        </p>
      ))}
      {Array.from({ length: count }, (_, at) => (
        <Turn key={turns[at]?.id ?? `expected ${expected?.[at]?.id}`} at={at} trace={trace} />
      ))}
    </section>
  );
}

function Metric({ result: { metric, status, score, threshold, error } }: { result: EvaluatedMetric }) {
  const shown = score === null ? "no score" : Math.round(score * 1e6) / 1e6;
  return (
    <li data-status={status}>
      <b>{status === "errored" ? "not evaluated" : status}</b> {metric}: {shown} (threshold {threshold})
      {error !== null && <>; {error}</>}
    </li>
  );
}

/** One turn: a table with a row for each use of a tool and one for the response. */
function Turn({ at, trace: { turns, expected, metrics } }: { at: number; trace: EvaluatedTrace }) {
  const [actual, wanted] = [turns[at], expected?.[at]];
  const uses = Math.max(actual?.toolUses.length ?? 0, wanted?.toolUses.length ?? 0);
  const match = metrics.find(({ metric }) => metric === "response_match_score")?.perInvocation[at];
  return (
    <div className={classes.turn}>
      <h3>
        Turn {at + 1}: {actual?.userText || wanted?.userText || "without a text of the user"}
      </h3>
      <table>
        <thead>
          <tr>
            <th scope="col">What</th>
            <th scope="col">Expected</th>
            <th scope="col">Actual</th>
            <th scope="col">Difference</th>
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: uses }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: uses of tools are compared by their place
            <Use key={index} at={index} wanted={wanted} actual={actual} hasExpected={expected !== null} />
          ))}
          <tr>
            <th scope="row">Response</th>
            <td>{wanted?.finalResponse ?? (expected === null ? "nothing was expected" : "")}</td>
            <td>{actual?.finalResponse}</td>
            <td>{match === undefined || match === null ? "" : `ROUGE-1 ${Math.round(match * 1e3) / 1e3}`}</td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

interface UseProps {
  at: number;
  wanted: { toolUses: readonly ToolUse[] } | undefined;
  actual: EvaluatedTurn | undefined;
  hasExpected: boolean;
}

function Use({ at, wanted, actual, hasExpected }: UseProps) {
  const [expected, used] = [wanted?.toolUses[at], actual?.toolUses[at]];
  const difference = hasExpected ? differenceOfUses(expected, used) : undefined;
  const differing = typeof difference === "object" ? difference : [];
  const text =
    typeof difference === "object"
      ? `arguments differ: ${difference.join(", ")}`
      : difference && DIFFERENCES[difference];
  return (
    <tr data-differs={difference !== undefined || undefined}>
      <th scope="row">Use {at + 1}</th>
      <td>{expected !== undefined && <ToolCall use={expected} differing={differing} />}</td>
      <td>{used !== undefined && <ToolCall use={used} differing={differing} />}</td>
      <td>{text}</td>
    </tr>
  );
}

const DIFFERENCES = { name: "tool names differ", missing: "it is missing", unexpected: "it was not expected" } as const;

function ToolCall({ use, differing }: { use: ToolUse; differing: readonly string[] }) {
  return (
    <>
      <b>{use.name}</b>
      <dl>
        {Object.entries(use.arguments).map(([name, value]) => (
          <div key={name} data-differs={differing.includes(name) || undefined}>
            <dt>{name}</dt>
            <dd>{JSON.stringify(value)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
