import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { BrokenScenarioText, ScenarioDetail, ScenarioSummary } from "../../electron/contract/scenarios.ts";
import { failureText } from "../lab-client/lab-failure.ts";
import { BrokenFile } from "../scenarios/broken-file.tsx";
import { filterCatalogue } from "../scenarios/catalogue-filter.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { Loading } from "../ui/states.tsx";
import { Editing } from "./editing.tsx";
import classes from "./editor-page.module.css";
import { asCopy, NEW_SCENARIO } from "./scenario-source.ts";

/** Not a valid scenario id. */
const NEW_ID = "_new";
const NO_SCENARIOS: readonly ScenarioSummary[] = [];

interface EditorPageProps {
  scenarioId: string | undefined;
  isCopy: boolean;
  /** A user's invalid file, opened for fixing. */
  brokenFile: string | undefined;
  /** A manual session that is to become a scenario. */
  manualRunId: string | undefined;
}

/** Scenarios as text: shipped ones to read and copy, the user's own to edit. */
export default function EditorPage({ scenarioId, isCopy, brokenFile, manualRunId }: EditorPageProps) {
  const catalogue = useLab((state) => state.catalogue);
  const failure = useLab((state) => state.catalogueFailure);
  const refresh = useLab((state) => state.refreshCatalogue);

  useEffect(() => {
    if (catalogue === undefined && failure === undefined) void refresh();
  }, [catalogue, failure, refresh]);

  if (catalogue === undefined) {
    if (failure === undefined) return <Loading what="Loading scenarios" />;
    return (
      <Failure title="The scenarios could not be loaded" text={failure}>
        <ReasonedButton variant="default" onClick={() => void refresh()}>
          Try again
        </ReasonedButton>
      </Failure>
    );
  }
  const shown = scenarioId ?? catalogue.scenarios[0]?.id ?? NEW_ID;
  return (
    <div className={classes.page}>
      <ScenarioList shown={(brokenFile ?? manualRunId) === undefined ? shown : undefined} brokenFile={brokenFile} />
      {brokenFile !== undefined ? (
        <OneBrokenFile key={brokenFile} name={brokenFile} />
      ) : manualRunId !== undefined ? (
        <OneManualRun key={manualRunId} runId={manualRunId} />
      ) : (
        <OneScenario key={`${shown} ${isCopy}`} scenarioId={shown} isCopy={isCopy} />
      )}
    </div>
  );
}

function ScenarioList({ shown, brokenFile }: { shown: string | undefined; brokenFile: string | undefined }) {
  const scenarios = useLab((state) => state.catalogue?.scenarios ?? NO_SCENARIOS);
  const broken = useLab((state) => state.catalogue?.broken);
  const [text, setText] = useState("");
  const { own, shipped } = useMemo(() => {
    const found = filterCatalogue(scenarios, { text, pattern: null });
    return {
      own: found.filter(({ origin }) => origin === "user"),
      shipped: found.filter(({ origin }) => origin === "shipped"),
    };
  }, [scenarios, text]);
  return (
    <nav className={classes.list} aria-label="All scenarios">
      <div className={classes.tools}>
        <SearchBox label="Search the scenarios" value={text} onChange={setText} />
        <Button
          component="a"
          href={formatRoute({ at: "scenarios", scenarioId: NEW_ID })}
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
        >
          New scenario
        </Button>
      </div>
      <h2>Yours</h2>
      {own.length === 0 && <p>{text === "" ? "None yet. Create one or copy a shipped one." : "No matches"}</p>}
      <ScenarioLinks scenarios={own} shown={shown} />
      {broken?.map((file) => (
        <BrokenFile key={file.name} file={file} isOpen={file.name === brokenFile} />
      ))}
      <h2>Shipped</h2>
      {shipped.length === 0 && <p>No matches</p>}
      <ScenarioLinks scenarios={shipped} shown={shown} />
    </nav>
  );
}

function ScenarioLinks({ scenarios, shown }: { scenarios: readonly ScenarioSummary[]; shown: string | undefined }) {
  const current = useRef<HTMLAnchorElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: runs when another one is shown
  useEffect(() => {
    current.current?.scrollIntoView({ block: "nearest" });
  }, [shown]);
  return (
    <ul>
      {scenarios.map(({ id, title }) => (
        <li key={id}>
          <a
            {...(id === shown ? { ref: current, "aria-current": "page" as const } : {})}
            href={formatRoute({ at: "scenarios", scenarioId: id })}
          >
            {title}
          </a>
        </li>
      ))}
    </ul>
  );
}

function OneScenario({ scenarioId, isCopy }: { scenarioId: string; isCopy: boolean }) {
  const { client, lab } = useStores();
  const [detail, setDetail] = useState<ScenarioDetail>();
  const [failure, setFailure] = useState<string>();

  useEffect(() => {
    if (scenarioId === NEW_ID) return;
    let isCurrent = true;
    client.call.scenarios.get({ id: scenarioId }).then(
      (found) => isCurrent && setDetail(found),
      (error: Error) => isCurrent && setFailure(failureText(error)),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, scenarioId]);

  // Computed once: the text being edited does not change when the catalogue does.
  const initial = useMemo(() => {
    if (scenarioId === NEW_ID) return NEW_SCENARIO;
    const taken = lab.getState().catalogue?.scenarios.map(({ id }) => id) ?? [];
    return detail !== undefined && isCopy ? asCopy(detail.source, detail.id, taken) : detail?.source;
  }, [scenarioId, isCopy, detail, lab]);

  if (failure !== undefined) {
    return (
      <Failure title="This scenario could not be loaded" text={failure}>
        <a href={formatRoute({ at: "scenarios" })}>Show all scenarios</a>
      </Failure>
    );
  }
  if (initial === undefined) return <Loading what="Loading the scenario" />;
  const isNew = scenarioId === NEW_ID || isCopy;
  return (
    <Editing
      place={isCopy ? `copy of ${scenarioId}` : scenarioId}
      initial={initial}
      detail={isNew ? undefined : detail}
      broken={undefined}
    />
  );
}

/** What was done manually, as a new scenario. */
function OneManualRun({ runId }: { runId: string }) {
  const { client } = useStores();
  const [source, setSource] = useState<string>();
  const [failure, setFailure] = useState<string>();

  useEffect(() => {
    let isCurrent = true;
    client.call.scenarios.fromManualRun({ runId }).then(
      (found) => isCurrent && setSource(found.source),
      (error: Error) => isCurrent && setFailure(failureText(error)),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, runId]);

  if (failure !== undefined) {
    return (
      <Failure title="This session cannot become a scenario" text={failure}>
        <a href={formatRoute({ at: "run", runId })}>Show the session</a>
      </Failure>
    );
  }
  if (source === undefined) return <Loading what="Reading the session" />;
  return <Editing place={`session ${runId}`} initial={source} detail={undefined} broken={undefined} />;
}

function OneBrokenFile({ name }: { name: string }) {
  const { client } = useStores();
  const refresh = useLab((state) => state.refreshCatalogue);
  const [broken, setBroken] = useState<BrokenScenarioText>();
  const [failure, setFailure] = useState<string>();

  useEffect(() => {
    let isCurrent = true;
    client.call.scenarios.getBroken({ name }).then(
      (found) => isCurrent && setBroken(found),
      (error: Error) => {
        if (!isCurrent) return;
        setFailure(failureText(error));
        // It may have been fixed or deleted with another program: reloads the list.
        void refresh();
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [client, name, refresh]);

  if (failure !== undefined) {
    return (
      <Failure title="This file could not be opened" text={failure}>
        <a href={formatRoute({ at: "scenarios" })}>Show all scenarios</a>
      </Failure>
    );
  }
  if (broken === undefined) return <Loading what="Loading the file" />;
  return <Editing place={`file ${name}`} initial={broken.source} detail={undefined} broken={broken} />;
}
