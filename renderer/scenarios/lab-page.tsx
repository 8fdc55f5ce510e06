import { ActionIcon } from "@mantine/core";
import { IconList, IconPlayerTrackNext } from "@tabler/icons-react";
import { type CSSProperties, useEffect, useMemo } from "react";
import type { ScenarioSummary } from "../../electron/contract/scenarios.ts";
import { StackPanel } from "../stack/stack-panel.tsx";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab, usePreferences } from "../state/lab-context.tsx";
import { Failure } from "../state/notify.tsx";
import { LEAST_PART_PX, MOST_PART_PX } from "../state/preferences-store.ts";
import type { Route } from "../state/route.ts";
import { useLabNow } from "../state/use-now.ts";
import { amendAddress } from "../state/use-route.ts";
import { useRouteState } from "../state/use-route-state.ts";
import { whyNotRun } from "../state/why-not-run.ts";
import { FilterSelect } from "../ui/filter-select.tsx";
import { Hint } from "../ui/hint.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { SearchBox } from "../ui/search-box.tsx";
import { Splitter } from "../ui/splitter.tsx";
import { Empty, Loading } from "../ui/states.tsx";
import { BrokenFile } from "./broken-file.tsx";
import { demoOf, filterCatalogue, patternsOf } from "./catalogue-filter.ts";
import { FirstStart } from "./first-start.tsx";
import classes from "./lab-page.module.css";
import { NoneFits } from "./none-fits.tsx";
import { PaceSelect } from "./pace-select.tsx";
import { PlaylistsMenu } from "./playlists-menu.tsx";
import { ProtectionSwitches } from "./protection-switches.tsx";
import { QueuePanel } from "./queue-panel.tsx";
import { ScenarioCard } from "./scenario-card.tsx";
import { ScenarioList } from "./scenario-list.tsx";

/** The scenarios and the stack. */
export default function LabPage({ route }: { route: Extract<Route, { at: "lab" }> }) {
  const catalogue = useLab((state) => state.catalogue);
  const failure = useLab((state) => state.catalogueFailure);
  const refresh = useLab((state) => state.refreshCatalogue);
  const disabledBecause = useLab(whyNotRun);
  const hasQueue = useLab((state) => (state.lab?.queue.active.length ?? 0) > 0);
  const services = useLab((state) => state.lab?.stack.services);
  const project = useLab((state) => state.lab?.stack.project);
  const actions = useLabActions();
  const stackPx = usePreferences((state) => state.stackPx);
  const setPreference = usePreferences((state) => state.set);
  const nowMs = useLabNow(30_000);
  const [{ text, pattern, list }, change] = useRouteState(route, searchOf);
  const setText = (next: string) => change((before) => ({ ...before, text: next }));
  const setPattern = (next: string | null) => change((before) => ({ ...before, pattern: next }));
  useEffect(() => {
    const texts = { ...(text === "" ? {} : { text }), ...(pattern === null ? {} : { pattern }) };
    amendAddress(route, { at: "lab", filter: { ...texts, ...(list ? { list } : {}) } });
  }, [route, text, pattern, list]);
  const scenarios = useMemo(
    () => filterCatalogue(catalogue?.scenarios ?? [], { text, pattern }),
    [catalogue, text, pattern],
  );
  const patterns = useMemo(() => patternsOf(catalogue?.scenarios ?? []), [catalogue]);
  const canRun = scenarios.filter(({ lacks }) => lacks === null);
  const ordered = [...canRun, ...scenarios.filter(({ lacks }) => lacks !== null)];
  const whyNot = ({ lacks }: ScenarioSummary) =>
    disabledBecause ?? (lacks === null ? undefined : `Not on this stack: ${lacks}`);
  const demo = demoOf(catalogue?.scenarios ?? []);
  const isDemoHere = demo.every(({ lacks }) => lacks === null);
  const isNoneFitting = catalogue?.scenarios.every(({ lacks }) => lacks !== null) ?? false;
  const isNew = catalogue?.scenarios.every(({ lastVerdicts }) => lastVerdicts.length === 0) ?? false;

  return (
    <div className={classes.page} style={{ "--side-px": `${stackPx}px` } as CSSProperties}>
      <div className={classes.catalogue}>
        {catalogue !== undefined && isNew && !hasQueue && isDemoHere && (
          <FirstStart
            demo={demo}
            services={services?.map(({ name }) => name) ?? []}
            disabledBecause={disabledBecause}
          />
        )}
        {catalogue !== undefined && (
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
              Run {canRun.length === catalogue.scenarios.length ? "all" : `${canRun.length} shown`}
            </ReasonedButton>
            <PlaylistsMenu scenarioIds={canRun.map(({ id }) => id)} disabledBecause={disabledBecause} />
            <PaceSelect />
            <Hint label={list ? "Show as cards" : "Show as a list, by pattern"}>
              <ActionIcon
                variant="default"
                size={30}
                aria-label="Show as a list"
                aria-pressed={list}
                onClick={() => change((before) => ({ ...before, list: !before.list }))}
              >
                <IconList size={15} aria-hidden />
              </ActionIcon>
            </Hint>
          </div>
        )}
        {catalogue === undefined && (
          <div className={classes.tools}>
            <h1>Lab</h1>
          </div>
        )}
        {catalogue === undefined && failure === undefined && <Loading what="Loading scenarios" />}
        {catalogue === undefined && failure !== undefined && (
          <Failure title="The scenarios could not be loaded" text={failure}>
            <ReasonedButton variant="default" onClick={() => void refresh()}>
              Try again
            </ReasonedButton>
          </Failure>
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
        {project !== undefined && scenarios.length > 0 && isNoneFitting && <NoneFits project={project} />}
        {catalogue?.broken.map((file) => (
          <BrokenFile key={file.name} file={file} />
        ))}
        <div className={classes.cards} data-list={list || undefined}>
          {list ? (
            <ScenarioList scenarios={ordered} whyNot={whyNot} nowMs={nowMs} />
          ) : (
            ordered.map((scenario) => (
              <ScenarioCard
                key={scenario.id}
                scenario={scenario}
                disabledBecause={whyNot(scenario)}
                nowMs={nowMs}
                onPattern={setPattern}
              />
            ))
          )}
        </div>
      </div>
      <div className={classes.splitter}>
        <Splitter
          orientation="vertical"
          label="the stack"
          sizePx={stackPx}
          leastPx={LEAST_PART_PX}
          mostPx={MOST_PART_PX}
          onSize={(px) => setPreference({ stackPx: px })}
        />
      </div>
      <div className={classes.side}>
        <QueuePanel />
        <aside id="stack" tabIndex={-1} aria-label="The stack">
          <StackPanel />
        </aside>
        <div className={classes.protections}>
          <ProtectionSwitches />
        </div>
      </div>
    </div>
  );
}

interface Shown {
  text: string;
  pattern: string | null;
  list: boolean;
}

function searchOf({ filter }: Extract<Route, { at: "lab" }>): Shown {
  return { text: filter?.text ?? "", pattern: filter?.pattern ?? null, list: filter?.list ?? false };
}

function whyNoneRuns(shown: readonly ScenarioSummary[], canRun: readonly ScenarioSummary[]): string | undefined {
  if (shown.length === 0) return "No scenario is shown";
  return canRun.length === 0 ? "No scenario that is shown fits the stack that is open" : undefined;
}
