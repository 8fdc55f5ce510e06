import { useEffect, useState } from "react";
import type { RunDetail } from "../../electron/contract/history.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useStores } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { OutcomeBadge } from "../ui/outcome.tsx";
import { Loading } from "../ui/states.tsx";
import { formatDuration } from "../ui/times.ts";
import classes from "./compare-page.module.css";
import { Distributions } from "./distributions.tsx";

/** Two sets of runs, or one: how each run ended, and their calls as distributions. */
export default function CompareSetsPage({ left, right }: { left: readonly string[]; right: readonly string[] }) {
  const { client } = useStores();
  const [runs, setRuns] = useState<ReadonlyMap<string, RunDetail>>();
  const [failure, setFailure] = useState<string>();
  const key = [...left, ...right].join();
  useEffect(() => {
    const until = new AbortController();
    Promise.all(key.split(",").map((runId) => client.call.history.get({ runId }, { signal: until.signal }))).then(
      (all) => setRuns(new Map(all.map((run) => [run.id, run]))),
      (error: Error) => {
        if (!until.signal.aborted) setFailure(failureText(error));
      },
    );
    return () => until.abort();
  }, [client, key]);
  if (failure !== undefined) return <Failure title="These runs cannot be compared" text={failure} />;
  if (runs === undefined) return <Loading what="Loading the runs" />;
  const sets = [left, right].map((ids) => ids.flatMap((id) => runs.get(id) ?? [])).filter((set) => set.length > 0);
  const [first = "", second = ""] = sets.map((set, at) => nameOf(set, at, sets));
  return (
    <div className={classes.page}>
      <header>
        <h1>{sets[0]?.[0]?.scenarioTitle ?? "Runs"}</h1>
        <span>{sets.map((set) => `${set.length} ${set.length === 1 ? "run" : "runs"}`).join(" against ")}</span>
      </header>
      {sets.map((set, at) => (
        <section key={at === 0 ? "left" : "right"} className={classes.facts} aria-label={at === 0 ? first : second}>
          <div className={classes.tools}>
            <h2>{at === 0 ? first : second}</h2>
            <span>{outcomesOf(set)}</span>
          </div>
          <ul className={classes.runs}>
            {set.map((run) => (
              <li key={run.id}>
                <OutcomeBadge outcome={run.outcome ?? undefined} />
                <a href={formatRoute({ at: "run", runId: run.id })}>{run.id.slice(0, 8)}</a>
                <span>{run.durationMs === null ? "" : formatDuration(run.durationMs)}</span>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <Distributions left={left} right={right} names={[first, second]} />
    </div>
  );
}

function outcomesOf(set: readonly RunDetail[]): string {
  const counts = Map.groupBy(set, ({ outcome }) => outcome ?? "running");
  return [...counts].map(([outcome, runs]) => `${runs.length} ${outcome}`).join(", ");
}

/** By what tells the sets apart: their protections, else their scenarios, else which is first. */
function nameOf(set: readonly RunDetail[], at: number, all: readonly (readonly RunDetail[])[]): string {
  const [protections, scenarios] = [
    (runs: readonly RunDetail[]) => [...new Set(runs.map(({ without }) => without.join(", ")))].join("; "),
    (runs: readonly RunDetail[]) => [...new Set(runs.map(({ scenarioId }) => scenarioId))].join(", "),
  ] as const;
  const differ = (of: (runs: readonly RunDetail[]) => string) => new Set(all.map(of)).size === all.length;
  if (all.length === 1 || differ(protections)) {
    const without = protections(set);
    return without === "" ? "with all protections" : `without ${without}`;
  }
  if (differ(scenarios)) return scenarios(set);
  return at === 0 ? "first set" : "second set";
}
