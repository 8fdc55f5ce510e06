import { IconPlayerTrackNext } from "@tabler/icons-react";
import { useEffect, useMemo } from "react";
import type { ScenarioSummary } from "../../electron/contract/scenarios.ts";
import { StackPanel } from "../stack/stack-panel.tsx";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab } from "../state/lab-context.tsx";
import type { Route } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { amendAddress } from "../state/use-route.ts";
import { useRouteState } from "../state/use-route-state.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { Failed } from "../ui/failed.tsx";
import { FilterSelect } from "../ui/filter-select.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { BrokenFile } from "./broken-file.tsx";
import { demoOf, filterCatalogue, patternsOf } from "./catalogue-filter.ts";
import { FirstStart } from "./first-start.tsx";
import classes from "./lab-page.module.css";
import { PaceSelect } from "./pace-select.tsx";
import { PlaylistsMenu } from "./playlists-menu.tsx";
import { ProtectionSwitches } from "./protection-switches.tsx";
import { QueuePanel } from "./queue-panel.tsx";
import { ScenarioCard } from "./scenario-card.tsx";

/** The scenarios and the stack. */
export default function LabPage({ route }: { route: Extract<Route, { at: "lab" }> }) {
  const catalogue = useLab((state) => state.catalogue);
  const failure = useLab((state) => state.catalogueFailure);
  const refresh = useLab((state) => state.refreshCatalogue);
  const disabledBecause = useLab(whyNotRun);
  const hasQueue = useLab((state) => (state.lab?.queue.active.length ?? 0) > 0);
  const services = useLab((state) => state.lab?.stack.services);
  const actions = useLabActions();
  const nowMs = useLabNow(30_000);
  const [{ text, pattern }, change] = useRouteState(route, searchOf);
  const setText = (next: string) => change((before) => ({ ...before, text: next }));
  const setPattern = (next: string | null) => change((before) => ({ ...before, pattern: next }));
  useEffect(() => {
    const filter = { ...(text === "" ? {} : { text }), ...(pattern === null ? {} : { pattern }) };
    amendAddress(route, { at: "lab", filter });
  }, [route, text, pattern]);
  const scenarios = useMemo(
    () => filterCatalogue(catalogue?.scenarios ?? [], { text, pattern }),
    [catalogue, text, pattern],
  );
  const patterns = useMemo(() => patternsOf(catalogue?.scenarios ?? []), [catalogue]);
  const canRun = scenarios.filter(({ lacks }) => lacks === null);
  const demo = demoOf(catalogue?.scenarios ?? []);
  const isDemoHere = demo.every(({ lacks }) => lacks === null);
  const isNew = catalogue?.scenarios.every(({ lastVerdicts }) => lastVerdicts.length === 0) ?? false;

  return (
    <div className={classes.page}>
      <div className={classes.catalogue}>
        {catalogue !== undefined && isNew && !hasQueue && isDemoHere && (
          <FirstStart
            demo={demo}
            services={services?.map(({ name }) => name) ?? []}
            disabledBecause={disabledBecause}
          />
        )}
        <div className={classes.tools}>
          <h1>Lab</h1>
          <SearchBox className={classes.search} label="Search the scenarios" value={text} onChange={setText} />
          <FilterSelect
            searchable
            label="Filter by pattern"
            any="Any pattern"
            data={patterns.map(({ pattern: each, count }) => ({ value: each, label: `${each} (${count})` }))}
            value={pattern}
            onChange={setPattern}
          />
          <ReasonedButton
            variant="default"
            leftSection={<IconPlayerTrackNext size={14} aria-hidden />}
            disabledBecause={disabledBecause ?? whyNoneRuns(scenarios, canRun)}
            hint="Run the scenarios shown, one after another"
            onClick={() => void actions.start(canRun.map(({ id }) => id))}
          >
            Run {canRun.length === catalogue?.scenarios.length ? "all" : `${canRun.length} shown`}
          </ReasonedButton>
          <PlaylistsMenu scenarioIds={canRun.map(({ id }) => id)} disabledBecause={disabledBecause} />
          <PaceSelect />
        </div>
        {catalogue === undefined && failure === undefined && <Loading what="Loading scenarios" />}
        {catalogue === undefined && failure !== undefined && (
          <Failed title="The scenarios could not be loaded" message={failure}>
            <ReasonedButton variant="default" onClick={() => void refresh()}>
              Try again
            </ReasonedButton>
          </Failed>
        )}
        {catalogue !== undefined && scenarios.length === 0 && (
          <Empty title="No matches">
            <ReasonedButton
              variant="default"
              onClick={() => {
                setText("");
                setPattern(null);
              }}
            >
              Show all {catalogue.scenarios.length}
            </ReasonedButton>
          </Empty>
        )}
        {catalogue?.broken.map((file) => (
          <BrokenFile key={file.name} file={file} />
        ))}
        <div className={classes.cards}>
          {[...canRun, ...scenarios.filter(({ lacks }) => lacks !== null)].map((scenario) => (
            <ScenarioCard
              key={scenario.id}
              scenario={scenario}
              disabledBecause={
                disabledBecause ?? (scenario.lacks === null ? undefined : `Not on this stack: ${scenario.lacks}`)
              }
              nowMs={nowMs}
              onPattern={setPattern}
            />
          ))}
        </div>
      </div>
      <aside id="stack" tabIndex={-1} className={classes.side} aria-label="The stack">
        <QueuePanel />
        <StackPanel />
        <ProtectionSwitches />
      </aside>
    </div>
  );
}

function searchOf({ filter }: Extract<Route, { at: "lab" }>): { text: string; pattern: string | null } {
  return { text: filter?.text ?? "", pattern: filter?.pattern ?? null };
}

function whyNoneRuns(shown: readonly ScenarioSummary[], canRun: readonly ScenarioSummary[]): string | undefined {
  if (shown.length === 0) return "No scenario is shown";
  return canRun.length === 0 ? "No scenario that is shown fits the stack that is open" : undefined;
}
