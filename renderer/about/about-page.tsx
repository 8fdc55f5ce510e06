import { IconCopy } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import type { Diagnostics } from "../../electron/contract/diagnostics.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt, Failure, notify } from "../state/notify.tsx";
import { copyText } from "../ui/copy-text.ts";
import { Facts } from "../ui/facts.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import { bytes, formatDuration } from "../ui/times.ts";
import classes from "./about-page.module.css";
import { LICENCES, OWN_LICENCE } from "./licences.ts";

const EVERY_MS = 2_000;

/** Version, data folder and diagnostics. */
export default function AboutPage() {
  const { client } = useStores();
  const isConnected = useLab((state) => state.connection.is === "connected");
  const notices = useLab((state) => state.lab?.notices);
  const [diagnostics, setDiagnostics] = useState<Diagnostics>();
  const [failure, setFailure] = useState<string>();

  useEffect(() => {
    if (!isConnected) return;
    let isCurrent = true;
    const read = () =>
      client.call.diagnostics.get().then(
        (found) => {
          if (!isCurrent) return;
          setDiagnostics(found);
          setFailure(undefined);
        },
        (error: Error) => isCurrent && setFailure(failureText(error)),
      );
    void read();
    const timer = setInterval(() => void read(), EVERY_MS);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [client, isConnected]);

  if (diagnostics === undefined) {
    return failure === undefined ? (
      <Loading what="Loading diagnostics" />
    ) : (
      <Failure title="Diagnostics could not be loaded" text={failure} />
    );
  }
  const { versions, streams, queue, eventLoopDelayMs, memory } = diagnostics;
  const copy = () =>
    attempt("Diagnostics could not be copied", async () => {
      await copyText(JSON.stringify({ ...diagnostics, page: navigator.userAgent }, null, 2));
      notify("Diagnostics copied", "They include the path of your data folder: review before sharing");
    });
  return (
    <div className={classes.page}>
      <header>
        <img src="./icon.svg" alt="" width={36} height={36} />
        <div>
          <h1>Resilience Lab</h1>
          <p>Breaks an MCP gateway stack on purpose, shows how it behaves, and undoes everything.</p>
        </div>
        <ReasonedButton
          variant="default"
          leftSection={<IconCopy size={14} aria-hidden />}
          hint="Everything on this page as JSON, for a bug report"
          onClick={() => void copy()}
        >
          Copy diagnostics
        </ReasonedButton>
      </header>
      {(failure !== undefined || !isConnected) && (
        <p role="status">Last known values: {failure ?? "the lab cannot be reached"}.</p>
      )}
      <div className={classes.panels}>
        <Panel
          title="Versions"
          facts={[...Object.entries(versions), ["Platform", diagnostics.platform], ["Window", diagnostics.host]]}
        />
        <Panel
          title="Data"
          facts={[
            ["Folder", <code key="folder">{diagnostics.dataFolder}</code>],
            ["History", bytes(diagnostics.historyBytes)],
            ["Events waiting to be written", diagnostics.historyQueue.waiting],
            ["Events dropped", diagnostics.historyQueue.refused],
            ["Uptime", formatDuration(diagnostics.uptimeMs)],
          ]}
        />
        <Panel
          title="Engine"
          facts={[
            ["Event loop delay p50", `${eventLoopDelayMs.p50.toFixed(1)} ms`],
            ["Event loop delay p99", `${eventLoopDelayMs.p99.toFixed(1)} ms`],
            ["Event loop delay max", `${eventLoopDelayMs.max.toFixed(1)} ms`],
            ["Memory", bytes(memory.rssBytes)],
            ["Heap", bytes(memory.heapUsedBytes)],
            ["Runs queued", queue.queued],
            ["Runs running", queue.running],
          ]}
        />
        <Panel
          title="Event streams"
          facts={[
            ["Open", streams.open],
            ["Batches not acknowledged", streams.unacknowledged],
            ["Furthest behind", `${streams.furthestBehind} events`],
            ["Sent as a count only", `${streams.progressSkipped.toLocaleString()} log lines`],
            ["Served from the history", `${streams.fedFromHistory} times`],
          ]}
        />
      </div>
      <section className={classes.notices} aria-labelledby="notices-title">
        <h2 id="notices-title">Notices</h2>
        {diagnostics.notices.length + (notices?.length ?? 0) === 0 ? (
          <p>Nothing had to be restored when the lab started.</p>
        ) : (
          <ul>
            {[...new Set([...diagnostics.notices, ...(notices ?? [])])].map((notice) => (
              <li key={notice}>{notice}</li>
            ))}
          </ul>
        )}
      </section>
      <section className={classes.notices} aria-labelledby="licences-title">
        <h2 id="licences-title">Licences</h2>
        <p>Resilience Lab is under {OWN_LICENCE}. Its main components:</p>
        <ul className={classes.licences}>
          {LICENCES.map(({ part, licence }) => (
            <li key={part}>
              {part} <span>{licence}</span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Panel({ title, facts }: { title: string; facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <section className={classes.panel} aria-label={title}>
      <h2>{title}</h2>
      <Facts facts={facts} />
    </section>
  );
}
