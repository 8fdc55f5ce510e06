import type { Problem } from "../../electron/contract/errors.ts";
import { Loading } from "../ui/states.tsx";
import classes from "./editor-page.module.css";
import type { Checked } from "./use-validation.ts";

/** The parsed scenario, or its problems. */
export function Preview({ checked, onProblem }: { checked: Checked; onProblem: (problem: Problem) => void }) {
  const { validation, failure } = checked;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard
    <aside className={classes.preview} aria-label="Preview" tabIndex={0}>
      {failure !== undefined && <p role="alert">The text could not be checked: {failure}.</p>}
      {validation === undefined && failure === undefined && <Loading what="Checking" />}
      {validation !== undefined && <Problems problems={validation.problems} onProblem={onProblem} />}
      {validation !== undefined && (
        <Problems problems={validation.stackProblems} where="on this stack" onProblem={onProblem} />
      )}
      {validation !== undefined && <Contents scenarios={validation.scenarios} />}
    </aside>
  );
}

interface ProblemsProps {
  problems: readonly Problem[];
  where?: string;
  onProblem: (problem: Problem) => void;
}

function Problems({ problems, where = "", onProblem }: ProblemsProps) {
  if (problems.length === 0) return null;
  return (
    <div role="status">
      <h2>
        {problems.length} {problems.length === 1 ? "problem" : "problems"} {where}
      </h2>
      <ol className={classes.problems}>
        {problems.map((problem) => (
          <li key={`${problem.line} ${problem.column} ${problem.message}`}>
            <button type="button" onClick={() => onProblem(problem)}>
              Line {problem.line}, column {problem.column}
            </button>
            {problem.message}
          </li>
        ))}
      </ol>
    </div>
  );
}

function Contents({ scenarios }: { scenarios: NonNullable<Checked["validation"]>["scenarios"] }) {
  const [first] = scenarios;
  if (first === undefined) return null;
  return (
    <>
      {scenarios.length > 1 && <p>A suite of {scenarios.length} cases; this is the first.</p>}
      <h2>Steady state</h2>
      <ul>
        {first.steadyState.map((demand) => (
          <li key={demand}>{demand}</li>
        ))}
      </ul>
      <h2>Method</h2>
      <ol>
        {first.steps.map(({ label, background }, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps have no other key
          <li key={place}>
            {label}
            {background && " (in the background)"}
          </li>
        ))}
      </ol>
      <h2>Checks</h2>
      <ul>
        {first.checks.map((check, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same check may occur twice
          <li key={place}>
            <code>{check}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
