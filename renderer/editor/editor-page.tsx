import { Button, CloseButton, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { ScenarioDetail, ScenarioSummary } from "../../electron/contract/scenarios.ts";
import { ReasonedButton } from "../app/reasoned-button.tsx";
import { formatRoute } from "../app/route.ts";
import { Failed, Loading } from "../app/states.tsx";
import { filterCatalogue } from "../scenarios/catalogue-filter.ts";
import { useLab, useStores } from "../state/lab-context.tsx";
import { Editing } from "./editing.tsx";
import classes from "./editor-page.module.css";
import { asCopy, NEW_SCENARIO } from "./scenario-source.ts";

const NEW_ID = "new";
const NO_SCENARIOS: readonly ScenarioSummary[] = [];

/** The scenarios as text: the shipped ones to read and to copy, one's own to write. */
export default function EditorPage({ scenarioId, isCopy }: { scenarioId: string | undefined; isCopy: boolean }) {
  const catalogue = useLab((state) => state.catalogue);
  const failure = useLab((state) => state.catalogueFailure);
  const refresh = useLab((state) => state.refreshCatalogue);

  useEffect(() => {
    if (catalogue === undefined && failure === undefined) void refresh();
  }, [catalogue, failure, refresh]);

  if (catalogue === undefined) {
    if (failure === undefined) return <Loading what="Reading the scenarios" />;
    return (
      <Failed title="The scenarios could not be read" message={failure}>
        <ReasonedButton variant="default" onClick={() => void refresh()}>
          Try again
        </ReasonedButton>
      </Failed>
    );
  }
  const shown = scenarioId ?? catalogue.scenarios[0]?.id ?? NEW_ID;
  return (
    <div className={classes.page}>
      <ScenarioList shown={shown} />
      <OneScenario scenarioId={shown} isCopy={isCopy} />
    </div>
  );
}

function ScenarioList({ shown }: { shown: string }) {
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
    <nav className={classes.list} aria-label="Scenarios">
      <div className={classes.tools}>
        <TextInput
          size="xs"
          data-page-search
          aria-label="Search the scenarios"
          placeholder="Search the scenarios"
          leftSection={<IconSearch size={14} aria-hidden />}
          rightSection={
            text === "" ? null : <CloseButton size="xs" aria-label="Clear the search" onClick={() => setText("")} />
          }
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
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
      {own.length === 0 && (
        <p>{text === "" ? "None yet: write a new one, or copy a shipped one." : "None has these words."}</p>
      )}
      <ScenarioLinks scenarios={own} shown={shown} />
      {broken?.map(({ name, problems }) => (
        <p key={name} className={classes.broken}>
          <b>{name}</b> cannot be used: line {problems[0]?.line}, {problems[0]?.message}. Mend the file in the data
          folder.
        </p>
      ))}
      <h2>Shipped</h2>
      {shipped.length === 0 && <p>None has these words.</p>}
      <ScenarioLinks scenarios={shipped} shown={shown} />
    </nav>
  );
}

function ScenarioLinks({ scenarios, shown }: { scenarios: readonly ScenarioSummary[]; shown: string }) {
  const current = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    current.current?.scrollIntoView({ block: "nearest" });
  }, []);
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
      (error: Error) => isCurrent && setFailure(error.message),
    );
    return () => {
      isCurrent = false;
    };
  }, [client, scenarioId]);

  // Once: what is being written does not change under a person's hands when the catalogue does.
  const initial = useMemo(() => {
    if (scenarioId === NEW_ID) return NEW_SCENARIO;
    const taken = lab.getState().catalogue?.scenarios.map(({ id }) => id) ?? [];
    return detail !== undefined && isCopy ? asCopy(detail.source, detail.id, taken) : detail?.source;
  }, [scenarioId, isCopy, detail, lab]);

  if (failure !== undefined) {
    return (
      <Failed title="This scenario cannot be shown" message={failure}>
        <a href={formatRoute({ at: "scenarios" })}>See the others</a>
      </Failed>
    );
  }
  if (initial === undefined) return <Loading what="Reading the scenario" />;
  const isNew = scenarioId === NEW_ID || isCopy;
  return (
    <Editing
      key={`${scenarioId} ${isCopy}`}
      place={isCopy ? `copy of ${scenarioId}` : scenarioId}
      initial={initial}
      detail={isNew ? undefined : detail}
    />
  );
}
