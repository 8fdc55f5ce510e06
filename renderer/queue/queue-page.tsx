import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import type { QueuedRunSummary, QueueList } from "../../electron/contract/queue.ts";
import { useLab } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import list from "../ui/list-detail.module.css";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import classes from "./queue-page.module.css";
import { QueueRow } from "./queue-row.tsx";
import { QueuedRun } from "./queued-run.tsx";
import { SubmitRun } from "./submit-run.tsx";
import { useQueue } from "./use-queue.ts";

const ENDED_SHOWN = 50;
const ENDED_MOST = 500;

/** All submitted runs: those that wait, and why; those in progress; those that have ended. */
export default function QueuePage({ runId }: { runId: string | undefined }) {
  const [limit, setLimit] = useState(ENDED_SHOWN);
  const { value, failure, again } = useQueue(limit);
  const [isSubmitting, setSubmitting] = useState(false);
  const cannotRun = useLab(whyNotRun);
  const nowMs = useLabNow(5_000);
  const openId = runId ?? value?.runs[0]?.runId;
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <h1>Queue</h1>
        <a href={formatRoute({ at: "history" })}>History</a>
        {value !== undefined && <Workers workers={value.workers} />}
        <ReasonedButton
          leftSection={<IconPlus size={14} aria-hidden />}
          disabledBecause={cannotRun}
          onClick={() => setSubmitting(true)}
        >
          Submit a run
        </ReasonedButton>
      </header>
      {failure !== undefined && (
        <Failure title="The queue could not be loaded" text={failure}>
          <ReasonedButton variant="default" onClick={again}>
            Try again
          </ReasonedButton>
        </Failure>
      )}
      {value === undefined && failure === undefined && <Loading what="Loading the queue" />}
      {value !== undefined && value.runs.length === 0 && (
        <div className={`${list.panel} ${classes.panel}`}>
          <Empty title="No run was submitted yet">
            Runs that you start on the <a href={formatRoute({ at: "lab" })}>Lab page</a>, in a terminal or over the HTTP
            API are listed here.
          </Empty>
        </div>
      )}
      {value !== undefined && value.runs.length > 0 && (
        <div className={classes.both}>
          <div className={`${list.panel} ${classes.panel}`}>
            <Section title="Waiting" state="queued" of={value} openId={openId} nowMs={nowMs} />
            <Section title="Running" state="running" of={value} openId={openId} nowMs={nowMs} />
            <Section title="Ended" state="ended" of={value} openId={openId} nowMs={nowMs} />
            {value.counts.ended > limit && limit < ENDED_MOST && (
              <ReasonedButton
                className={classes.more}
                variant="subtle"
                onClick={() => setLimit(Math.min(ENDED_MOST, limit + 100))}
              >
                Show more of {value.counts.ended.toLocaleString()}
              </ReasonedButton>
            )}
          </div>
          {openId !== undefined && <QueuedRun key={openId} runId={openId} />}
        </div>
      )}
      <SubmitRun
        isOpen={isSubmitting}
        workers={value?.workers ?? []}
        onClose={() => setSubmitting(false)}
        onDone={again}
      />
    </div>
  );
}

interface SectionProps {
  title: string;
  state: QueuedRunSummary["state"];
  of: QueueList;
  openId: string | undefined;
  nowMs: number;
}

function Section({ title, state, of: { runs, counts }, openId, nowMs }: SectionProps) {
  const shown = runs.filter((run) => run.state === state);
  if (shown.length === 0) return null;
  const id = `queue-${state}`;
  return (
    <section aria-labelledby={id} className={classes.section}>
      <h2 id={id}>
        {title} <span>{counts[state].toLocaleString()}</span>
      </h2>
      <ul>
        {shown.map((run) => (
          <QueueRow key={run.runId} run={run} isOpen={run.runId === openId} nowMs={nowMs} />
        ))}
      </ul>
    </section>
  );
}

function Workers({ workers }: { workers: QueueList["workers"] }) {
  const others = workers.filter(({ window }) => window === null);
  const slots = others.reduce((sum, { concurrency }) => sum + concurrency, 0);
  const labels = [...new Set(others.flatMap((worker) => worker.labels))];
  const text =
    others.length === 0
      ? "This lab carries out the runs on the open stack. No worker for others is running."
      : `This lab carries out the runs on the open stack; ${count(others.length, "worker")} for ${count(slots, "run")} at a time the others${labels.length === 0 ? "" : ` (${labels.join(", ")})`}.`;
  return <p className={classes.workers}>{text}</p>;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
