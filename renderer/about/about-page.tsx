import { IconCopy } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import type { Diagnostics } from "../../electron/contract/diagnostics.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { attempt, tell } from "../state/tell.tsx";
import { Facts } from "../ui/facts.tsx";
import { Failed } from "../ui/failed.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import { bytes, formatDuration } from "../ui/times.ts";
import classes from "./about-page.module.css";
import { copyText } from "./copy-text.ts";
import { LICENCES, OWN_LICENCE } from "./licences.ts";

const EVERY_MS = 2_000;

/** What this is, where it keeps things, and how it is doing. */
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
        (error: Error) => isCurrent && setFailure(error.message),
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
      <Loading what="Asking the lab how it is" />
    ) : (
      <Failed title="The lab does not say how it is" message={failure} />
    );
  }
  const { versions, streams, queue, eventLoopDelayMs, memory } = diagnostics;
  const copy = () =>
    attempt("It could not be copied", async () => {
      await copyText(JSON.stringify({ ...diagnostics, page: navigator.userAgent }, null, 2));
      tell("Diagnostics copied", "They name your data folder; look before you send them on");
    });
  return (
    <div className={classes.page}>
      <header>
        <img src="./icon.svg" alt="" width={36} height={36} />
        <div>
          <h1>Resilience Lab</h1>
          <p>Breaks an MCP gateway's stack on purpose, shows what it does, and puts everything back.</p>
        </div>
        <ReasonedButton
          variant="default"
          leftSection={<IconCopy size={14} aria-hidden />}
          hint="Everything on this page as JSON, for a report of something that went wrong"
          onClick={() => void copy()}
        >
          Copy diagnostics
        </ReasonedButton>
      </header>
      {(failure !== undefined || !isConnected) && (
        <p role="status">These are the last that were heard: {failure ?? "the lab cannot be reached"}.</p>
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
            ["Events to be written", diagnostics.historyQueue.waiting],
            ["Events not kept", diagnostics.historyQueue.refused],
            ["Up for", formatDuration(diagnostics.uptimeMs)],
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
            ["Dropped: told by number only", `${streams.progressSkipped.toLocaleString()} log lines`],
            ["Fell back on the history", `${streams.fedFromHistory} times`],
          ]}
        />
      </div>
      <section className={classes.notices} aria-labelledby="notices-title">
        <h2 id="notices-title">Notices</h2>
        {diagnostics.notices.length + (notices?.length ?? 0) === 0 ? (
          <p>The lab started as it was left: nothing had to be put back.</p>
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
        <p>Resilience Lab is under {OWN_LICENCE}. It is built from these parts, among others:</p>
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
