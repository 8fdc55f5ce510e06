import { Chip, FileButton, Loader } from "@mantine/core";
import {
  IconArrowsDiff,
  IconCloudDownload,
  IconDownload,
  IconFileImport,
  IconTestPipe,
  IconTrash,
} from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import type { RunSummary } from "../../electron/contract/history.ts";
import {
  EVALUATION_SCENARIO_ID,
  MANUAL_SCENARIO_ID,
  SESSION_SCENARIO_ID,
  TRACE_SCENARIO_ID,
} from "../../electron/contract/runs.ts";
import { OUTCOMES, type Outcome } from "../../electron/model/lab-event.ts";
import { useLab } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { formatRoute, type Route, type RunFilter } from "../state/route.ts";
import { amendAddress, goTo } from "../state/use-route.ts";
import { useRouteState } from "../state/use-route-state.ts";
import { FilterSelect } from "../ui/filter-select.tsx";
import { OUTCOME_LOOKS } from "../ui/outcome.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { useBundleImport } from "./bundle-import.tsx";
import { DeleteRuns } from "./delete-runs.tsx";
import { ExportRuns } from "./export-runs.tsx";
import classes from "./history-page.module.css";
import { PullTrace } from "./pull-trace.tsx";
import { RetentionNote } from "./retention-note.tsx";
import { comparedInOrder, whyNotCompare, whyNotDeleteAll, whyNotEvaluate, whyNotExport } from "./run-choices.ts";
import { RunTable } from "./run-table.tsx";
import { useBundles } from "./use-bundles.ts";
import { useRunPages } from "./use-run-pages.ts";

const NO_RUNS: readonly RunSummary[] = [];
const TYPING_PAUSE_MS = 200;

/** All stored runs: find, open, compare, repeat, export. */
export default function HistoryPage({ route }: { route: Extract<Route, { at: "history" }> }) {
  const [{ filter, text }, change] = useRouteState(route, searchOf);
  const setFilter = (next: RunFilter) => change((before) => ({ ...before, filter: next }));
  const setText = (next: string) => change((before) => ({ ...before, text: next }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: a pause after the last change of the text
  useEffect(() => {
    const timer = setTimeout(() => change(filteredByText), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [change, text]);
  useEffect(() => amendAddress(route, { at: "history", filter }), [route, filter]);
  const { pages, failure, isReading, more, again } = useRunPages(filter);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [deleting, setDeleting] = useState<readonly RunSummary[]>(NO_RUNS);
  const runs = pages?.runs ?? NO_RUNS;
  const chosen = useMemo(() => runs.filter(({ id }) => selected.has(id)), [runs, selected]);
  const isFiltered = Object.keys(filter).length > 0;

  // Runs no longer listed are deselected, so that nothing invisible is deleted or exported.
  useEffect(() => {
    if (chosen.length !== selected.size) setSelected(new Set(chosen.map(({ id }) => id)));
  }, [chosen, selected]);

  const clear = () => change(() => ({ filter: {}, text: "" }));

  return (
    <div className={classes.page}>
      <div className={classes.tools}>
        <h1>History</h1>
        <a className={classes.other} href={formatRoute({ at: "queue" })}>
          Queue
        </a>
        <Filters filter={filter} onFilter={setFilter} text={text} onText={setText} />
        {isReading && pages !== undefined && <Loader size={14} aria-label="Loading" />}
      </div>
      <SelectionBar
        chosen={chosen}
        matching={pages?.matching}
        isFiltered={isFiltered}
        onClear={() => setSelected(new Set())}
        onDelete={() => setDeleting(chosen)}
      />
      {failure !== undefined && (
        <Failure title="The history could not be loaded" text={failure}>
          <ReasonedButton variant="default" onClick={again}>
            Try again
          </ReasonedButton>
        </Failure>
      )}
      {pages === undefined && failure === undefined && <Loading what="Loading the history" />}
      {pages !== undefined && runs.length === 0 && failure === undefined && (
        <div className={classes.nothing}>
          {isFiltered ? (
            <Empty title="No matches">
              <ReasonedButton variant="default" onClick={clear}>
                Show all runs
              </ReasonedButton>
            </Empty>
          ) : (
            <Empty title="No runs yet">
              Run a scenario on the <a href={formatRoute({ at: "lab" })}>Lab page</a>, or drop a bundle on this window.
            </Empty>
          )}
        </div>
      )}
      {runs.length > 0 && (
        <RunTable
          key={JSON.stringify(filter)}
          runs={runs}
          matching={pages?.matching ?? runs.length}
          selected={selected}
          onSelect={setSelected}
          onDelete={(run) => setDeleting([run])}
          onEnd={more}
        />
      )}
      {pages !== undefined && <RetentionNote retention={pages.retention} />}
      <DeleteRuns runs={deleting} onClose={() => setDeleting(NO_RUNS)} />
    </div>
  );
}

interface Search {
  filter: RunFilter;
  /** As typed; in the filter after a pause. */
  text: string;
}

function searchOf({ filter = {} }: Extract<Route, { at: "history" }>): Search {
  return { filter, text: filter.text ?? "" };
}

/** The same object if the filter has the text. */
function filteredByText(search: Search): Search {
  const text = search.text.trim();
  if ((search.filter.text ?? "") === text) return search;
  const { text: _, ...rest } = search.filter;
  return { ...search, filter: text === "" ? rest : { ...rest, text } };
}

interface FiltersProps {
  filter: RunFilter;
  onFilter: (filter: RunFilter) => void;
  text: string;
  onText: (text: string) => void;
}

const DRIVERS = [
  { value: "process", label: "Processes" },
  { value: "docker", label: "Docker" },
];
const VERDICTS = OUTCOMES.map((value) => ({ value, label: OUTCOME_LOOKS[value].word }));

function Filters({ filter, onFilter, text, onText }: FiltersProps) {
  const catalogue = useLab((state) => state.catalogue);
  const scenarios = useMemo(
    () => [
      ...(catalogue?.scenarios ?? []).map(({ id, title }) => ({ value: id, label: title })),
      { value: MANUAL_SCENARIO_ID, label: "Manual" },
      { value: TRACE_SCENARIO_ID, label: "Traces" },
      { value: SESSION_SCENARIO_ID, label: "Live sessions" },
      { value: EVALUATION_SCENARIO_ID, label: "Evaluations" },
    ],
    [catalogue],
  );
  const change = <Name extends keyof typeof filter>(name: Name, value: (typeof filter)[Name] | null) => {
    const { [name]: _, ...rest } = filter;
    onFilter(value == null ? rest : { ...rest, [name]: value });
  };
  return (
    <>
      <SearchBox
        className={classes.search}
        label="Search the runs"
        placeholder="Title, reason, name, tag or note"
        value={text}
        maxLength={200}
        onChange={onText}
      />
      <FilterSelect
        searchable
        className={classes.scenario}
        label="Filter by scenario"
        any="Any scenario"
        data={scenarios}
        value={filter.scenarioId ?? null}
        onChange={(value) => change("scenarioId", value)}
        nothingFoundMessage="No matches"
      />
      <FilterSelect
        className={classes.narrow}
        label="Filter by outcome"
        any="Any outcome"
        data={VERDICTS}
        value={filter.outcome ?? null}
        onChange={(value) => change("outcome", value as Outcome | null)}
      />
      <FilterSelect
        className={classes.narrow}
        label="Filter by driver"
        any="Any driver"
        data={DRIVERS}
        value={filter.driver ?? null}
        onChange={(value) => change("driver", value)}
      />
      {filter.tag !== undefined && (
        <Chip variant="outline" size="xs" checked onChange={() => change("tag", null)}>
          Tag: {filter.tag}
        </Chip>
      )}
      <Chip
        variant="outline"
        size="xs"
        radius="sm"
        checked={filter.pinned === true}
        onChange={(isOn) => change("pinned", isOn ? true : null)}
      >
        Pinned
      </Chip>
    </>
  );
}

interface SelectionBarProps {
  chosen: readonly RunSummary[];
  matching: number | undefined;
  isFiltered: boolean;
  onClear: () => void;
  onDelete: () => void;
}

/** Actions on the selected runs, and import. */
function SelectionBar({ chosen, matching, isFiltered, onClear, onDelete }: SelectionBarProps) {
  const bundles = useBundles();
  const [isExporting, setExporting] = useState(false);
  const [isPulling, setPulling] = useState(false);
  const count = matching === undefined ? "" : `${matching.toLocaleString()} ${matching === 1 ? "run" : "runs"}`;
  const compare = () => {
    const sets = comparedInOrder(chosen);
    const [left = "", right = ""] = [sets.left[0], sets.right[0]];
    goTo(chosen.length === 2 ? { at: "compare", left, right } : { at: "compare-sets", ...sets });
  };
  return (
    <div className={classes.selection}>
      <span role="status">
        {chosen.length === 0 ? `${count}${isFiltered && count !== "" ? " match" : ""}` : `${chosen.length} selected`}
      </span>
      {chosen.length > 0 && (
        <ReasonedButton variant="subtle" color="gray" onClick={onClear}>
          Clear selection
        </ReasonedButton>
      )}
      <span className={classes.fill} />
      <ReasonedButton
        variant="default"
        leftSection={<IconArrowsDiff size={14} aria-hidden />}
        disabledBecause={whyNotCompare(chosen)}
        hint="Two runs side by side on one axis, the older on the left; more as two sets"
        onClick={compare}
      >
        Compare
      </ReasonedButton>
      <ReasonedButton
        variant="default"
        leftSection={<IconDownload size={14} aria-hidden />}
        disabledBecause={bundles.whyNot ?? whyNotExport(chosen)}
        hint="One bundle file with secrets and personal data redacted; shows a preview first"
        onClick={() => setExporting(true)}
      >
        Export
      </ReasonedButton>
      <ReasonedButton
        variant="default"
        leftSection={<IconTrash size={14} aria-hidden />}
        disabledBecause={whyNotDeleteAll(chosen)}
        onClick={onDelete}
      >
        Delete
      </ReasonedButton>
      <ReasonedButton
        variant="default"
        leftSection={<IconTestPipe size={14} aria-hidden />}
        disabledBecause={whyNotEvaluate(chosen)}
        hint="The turns of agents in traces and runs, against an eval set"
        onClick={() => goTo({ at: "evaluate", runIds: chosen.map(({ id }) => id) })}
      >
        Evaluate
      </ReasonedButton>
      <ReasonedButton
        variant="default"
        leftSection={<IconCloudDownload size={14} aria-hidden />}
        disabledBecause={bundles.whyNot}
        hint="One trace by its id, from a Jaeger or a Tempo"
        onClick={() => setPulling(true)}
      >
        Pull a trace
      </ReasonedButton>
      <PullTrace isOpen={isPulling} onClose={() => setPulling(false)} />
      <ImportButton whyNot={bundles.whyNot} />
      <ExportRuns runIds={isExporting ? chosen.map(({ id }) => id) : []} onClose={() => setExporting(false)} />
    </div>
  );
}

function ImportButton({ whyNot }: { whyNot: string | undefined }) {
  const hasDialog = useLab((state) => state.capabilities?.openDialog ?? false);
  const bundleImport = useBundleImport();
  const look = {
    variant: "default",
    leftSection: <IconFileImport size={14} aria-hidden />,
    disabledBecause: whyNot ?? (bundleImport.isBusy ? "An import is in progress" : undefined),
    hint: "A bundle of runs or a trace file, or drop one on the window",
  };
  return (
    <>
      {hasDialog || look.disabledBecause !== undefined ? (
        <>
          <ReasonedButton {...look} onClick={bundleImport.choose}>
            Import
          </ReasonedButton>
          <ReasonedButton {...look} hint="A file of Jaeger, OTLP or Tempo" onClick={bundleImport.chooseTrace}>
            Open a trace
          </ReasonedButton>
        </>
      ) : (
        <FileButton multiple onChange={bundleImport.take}>
          {({ onClick }) => (
            <ReasonedButton {...look} onClick={onClick}>
              Import
            </ReasonedButton>
          )}
        </FileButton>
      )}
      {bundleImport.dialog}
    </>
  );
}
