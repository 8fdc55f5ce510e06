import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconKeyboard, IconMoon, IconPresentation, IconSun } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { StoreApi } from "zustand";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { ErrorBoundary } from "../app/error-boundary.tsx";
import LeavePresenter from "../app/leave-presenter.tsx";
import shell from "../app/shell.module.css";
import { ShortcutHelp } from "../app/shortcut-help.tsx";
import { Surroundings } from "../app/surroundings.tsx";
import { usePresenting } from "../app/use-presenting.ts";
import type { LabClient } from "../lab-client/lab-client.ts";
import RunPage from "../runs/run-page.tsx";
import { usePreferences } from "../state/lab-context.tsx";
import type { PreferencesStore } from "../state/preferences-store.ts";
import type { Route } from "../state/route.ts";
import { goTo, useRoute } from "../state/use-route.ts";
import { useShortcuts } from "../state/use-shortcuts.ts";
import { focusMain, focusPart } from "../ui/focus-main.ts";
import { Hint } from "../ui/hint.tsx";
import type { RecordedRun } from "./recorded-file.ts";
import classes from "./viewer.module.css";

interface ViewerProps {
  client: LabClient;
  preferences: StoreApi<PreferencesStore>;
  runs: readonly [RecordedRun, ...RecordedRun[]];
}

/** Recorded runs in the page's own run views, with nothing that needs a lab. */
export function Viewer({ client, preferences, runs }: ViewerProps) {
  return (
    <Surroundings client={client} preferences={preferences}>
      <Frame runs={runs} />
    </Surroundings>
  );
}

function Frame({ runs }: Pick<ViewerProps, "runs">) {
  const at = useRoute();
  const run = runs.find(({ id }) => at.at === "run" && id === at.runId) ?? runs[0];
  const isShown = at.at === "run" && at.runId === run.id;
  const isPresenting = usePresenting();
  const setPreference = usePreferences((state) => state.set);
  const [isHelpOpen, setHelpOpen] = useState(false);
  useEffect(() => {
    if (!isShown) goTo({ at: "run", runId: run.id });
  }, [isShown, run.id]);
  useEffect(() => {
    document.title = `${visibleLine(run.title)} · Resilience Lab`;
  }, [run.title]);
  useShortcuts({
    help: () => setHelpOpen(true),
    presenter: () => setPreference({ isPresenting: !isPresenting }),
    search: () => document.querySelector<HTMLInputElement>("[data-page-search]")?.focus(),
  });
  return (
    <div className={shell.shell}>
      {SKIPS.map(({ label, go }) => (
        <button key={label} type="button" className={shell.skip} onClick={go}>
          {label}
        </button>
      ))}
      {isPresenting ? (
        <LeavePresenter />
      ) : (
        <header className={shell.header}>
          <span className={classes.brand}>Resilience Lab</span>
          <span className={classes.kind}>a recorded run, in this file alone</span>
          {runs.length > 1 && <RunChoice runs={runs} run={run} />}
          <div className={shell.tools}>
            <Tools onHelp={() => setHelpOpen(true)} onPresent={() => setPreference({ isPresenting: true })} />
          </div>
        </header>
      )}
      <main id="main" tabIndex={-1} className={shell.main}>
        <ErrorBoundary place={run.id}>
          {isShown && <RunPage key={run.id} route={at as Extract<Route, { at: "run" }>} />}
        </ErrorBoundary>
      </main>
      <ShortcutHelp isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </div>
  );
}

const SKIPS = [
  { label: "Skip to the page", go: focusMain },
  { label: "Skip to the time axis", go: () => focusPart("time-axis") },
  { label: "Skip to the details", go: () => focusPart("details") },
];

function RunChoice({ runs, run }: { runs: readonly RecordedRun[]; run: RecordedRun }) {
  return (
    <select
      className={classes.choice}
      aria-label="Run shown"
      value={run.id}
      onChange={(event) => goTo({ at: "run", runId: event.currentTarget.value })}
    >
      {runs.map(({ id, title, annotations }) => (
        <option key={id} value={id}>
          {visibleLine(annotations.name || title)} ({id.slice(0, 8)})
        </option>
      ))}
    </select>
  );
}

function Tools({ onHelp, onPresent }: { onHelp: () => void; onPresent: () => void }) {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light", { getInitialValueInEffect: false }) === "dark";
  return (
    <>
      <Hint label={isDark ? "Light theme" : "Dark theme"}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={isDark ? "Light theme" : "Dark theme"}
          onClick={() => setColorScheme(isDark ? "light" : "dark")}
        >
          {isDark ? <IconSun size={16} aria-hidden /> : <IconMoon size={16} aria-hidden />}
        </ActionIcon>
      </Hint>
      <Hint label="Presenter mode (P)">
        <ActionIcon variant="subtle" color="gray" aria-label="Presenter mode" onClick={onPresent}>
          <IconPresentation size={16} aria-hidden />
        </ActionIcon>
      </Hint>
      <Hint label="Shortcuts (?)">
        <ActionIcon variant="subtle" color="gray" aria-label="Shortcuts" onClick={onHelp}>
          <IconKeyboard size={16} aria-hidden />
        </ActionIcon>
      </Hint>
    </>
  );
}
