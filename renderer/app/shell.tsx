import { ActionIcon, Badge, Button, Menu, Tooltip, useMantineColorScheme } from "@mantine/core";
import {
  IconArrowBackUp,
  IconBulb,
  IconDeviceDesktop,
  IconFlask2,
  IconHandStop,
  IconHistory,
  IconInfoCircle,
  IconKeyboard,
  IconMoon,
  IconPencilCode,
  IconPresentation,
  IconSearch,
  IconSettings,
  IconSun,
  IconUserCheck,
} from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { BundleDrop } from "../history/bundle-drop.tsx";
import { LabPage } from "../scenarios/lab-page.tsx";
import { useInteraction, useLab, usePreferences, useStores } from "../state/lab-context.tsx";
import { AnnounceRuns } from "./announce-runs.tsx";
import { CommandPalette, openPalette } from "./command-palette.tsx";
import { ConnectionBanner } from "./connection-banner.tsx";
import { ErrorBoundary } from "./error-boundary.tsx";
import { useLabActions } from "./lab-actions.ts";
import { NowRunning } from "./now-running.tsx";
import { ReasonedButton } from "./reasoned-button.tsx";
import { ResidueBanner } from "./residue-banner.tsx";
import { formatRoute, parseRoute, type Route } from "./route.ts";
import classes from "./shell.module.css";
import { ShortcutHelp } from "./shortcut-help.tsx";
import { Loading } from "./states.tsx";
import { goTo, useRoute } from "./use-route.ts";
import { useShortcuts } from "./use-shortcuts.ts";

const RunPage = lazy(() => import("../runs/run-page.tsx"));
const ComparePage = lazy(() => import("../runs/compare-page.tsx"));
const HistoryPage = lazy(() => import("../history/history-page.tsx"));
const ApprovalsPage = lazy(() => import("../approvals/approvals-page.tsx"));
const EditorPage = lazy(() => import("../editor/editor-page.tsx"));
const SettingsPage = lazy(() => import("../settings/settings-page.tsx"));
const AboutPage = lazy(() => import("../about/about-page.tsx"));

const PLACES = [
  { at: "lab", label: "Lab", Icon: IconFlask2 },
  { at: "history", label: "History", Icon: IconHistory },
  { at: "approvals", label: "Approvals", Icon: IconUserCheck },
  { at: "scenarios", label: "Scenarios", Icon: IconPencilCode },
] as const;

export function Shell() {
  const route = useRoute();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const isPresenting = usePreferences((state) => state.isPresenting);
  const setPreference = usePreferences((state) => state.set);
  const actions = useLabActions();
  useFollowAwaitedRun();
  useShellNavigation();

  useEffect(() => {
    document.title = `${titleOf(route)} · Resilience Lab`;
  }, [route]);
  useEffect(() => {
    document.documentElement.toggleAttribute("data-presenting", isPresenting);
  }, [isPresenting]);

  useShortcuts({
    palette: openPalette,
    help: () => setHelpOpen(true),
    "go-lab": () => goTo({ at: "lab" }),
    "go-history": () => goTo({ at: "history" }),
    "go-approvals": () => goTo({ at: "approvals" }),
    "go-scenarios": () => goTo({ at: "scenarios" }),
    presenter: () => setPreference({ isPresenting: !isPresenting }),
    "undo-all": () => void actions.undo("all"),
    halt: () => void actions.halt(),
    search: focusSearch,
  });

  return (
    <div className={classes.shell}>
      <button type="button" className={classes.skip} onClick={skipToMain}>
        Skip to the page
      </button>
      {isPresenting ? (
        <Button
          className={classes.leavePresenter}
          variant="default"
          onClick={() => setPreference({ isPresenting: false })}
        >
          Leave presenter mode
        </Button>
      ) : (
        <Header route={route} onHelp={() => setHelpOpen(true)} />
      )}
      <ConnectionBanner />
      <HaltedBanner />
      <ResidueBanner />
      <main id="main" tabIndex={-1} className={classes.main}>
        <ErrorBoundary place={formatRoute(route)}>
          <Suspense fallback={<Loading what="Opening" />}>
            <Page route={route} />
          </Suspense>
        </ErrorBoundary>
      </main>
      <CommandPalette onHelp={() => setHelpOpen(true)} />
      <ShortcutHelp isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
      <BundleDrop />
      <AnnounceRuns />
    </div>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.at) {
    case "lab":
      return <LabPage />;
    case "run":
      return <RunPage key={route.runId} route={route} />;
    case "compare":
      return <ComparePage key={`${route.left} ${route.right}`} left={route.left} right={route.right} />;
    case "history":
      return <HistoryPage />;
    case "approvals":
      return <ApprovalsPage />;
    case "scenarios":
      return (
        <EditorPage
          key={`${route.scenarioId} ${route.isCopy}`}
          scenarioId={route.scenarioId}
          isCopy={route.isCopy === true}
        />
      );
    case "settings":
      return <SettingsPage />;
    case "about":
      return <AboutPage />;
  }
}

function Header({ route, onHelp }: { route: Route; onHelp: () => void }) {
  const waiting = useLab((state) => state.lab?.approvals.waiting.length ?? 0);
  return (
    <header className={classes.header}>
      <a className={classes.brand} href={formatRoute({ at: "lab" })} aria-label="Resilience Lab">
        <img src="./icon.svg" alt="" width={20} height={20} />
        <span>Resilience Lab</span>
      </a>
      <nav className={classes.nav} aria-label="Pages">
        {PLACES.map(({ at, label, Icon }) => (
          <a key={at} href={formatRoute({ at })} aria-current={isUnder(route, at) ? "page" : undefined}>
            <Icon size={15} aria-hidden />
            {label}
            {at === "approvals" && waiting > 0 && (
              <Badge size="sm" circle color="orange.9" aria-label={`${waiting} waiting`}>
                {waiting}
              </Badge>
            )}
          </a>
        ))}
      </nav>
      <div className={classes.spacer} />
      <NowRunning />
      <StopEverything />
      <Tooltip label="Find a command, a scenario or a run (Ctrl K)">
        <ActionIcon variant="subtle" color="gray" onClick={openPalette} aria-label="Open the command palette">
          <IconSearch size={16} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <MoreMenu onHelp={onHelp} />
    </header>
  );
}

/** Always in the same place, whatever page is shown: putting everything back must never have to be looked for. */
function StopEverything() {
  const actions = useLabActions();
  const faults = useLab((state) => faultsInForce(state.lab?.stack));
  const [isUndoing, setUndoing] = useState(false);
  const isHalted = useLab((state) => state.lab?.halted ?? false);
  return (
    <div className={classes.stop}>
      <ReasonedButton
        variant={faults > 0 ? "filled" : "default"}
        color="pink.8"
        leftSection={<IconArrowBackUp size={15} aria-hidden />}
        loading={isUndoing}
        disabledBecause={faults === 0 ? "No fault is in force: there is nothing to undo" : undefined}
        hint="Puts back everything that is broken now (Ctrl Shift Z)"
        onClick={() => {
          setUndoing(true);
          void actions.undo("all").finally(() => setUndoing(false));
        }}
      >
        Undo all{faults > 0 ? ` (${faults})` : ""}
      </ReasonedButton>
      <ReasonedButton
        variant="default"
        leftSection={<IconHandStop size={15} aria-hidden />}
        disabledBecause={isHalted ? "The lab is halted already" : undefined}
        hint="Cancels every run, undoes every fault and lets nothing be broken until you arm the lab again (Ctrl .)"
        onClick={() => void actions.halt()}
      >
        Halt
      </ReasonedButton>
    </div>
  );
}

export function faultsInForce(
  stack: { services: { faults: unknown[] }[]; links: { faults: unknown[] }[] } | undefined,
): number {
  if (stack === undefined) return 0;
  return [...stack.services, ...stack.links].reduce((sum, { faults }) => sum + faults.length, 0);
}

function MoreMenu({ onHelp }: { onHelp: () => void }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const changeSettings = useLab((state) => state.changeSettings);
  const setPreference = usePreferences((state) => state.set);
  const choose = (scheme: "auto" | "light" | "dark") => {
    setColorScheme(scheme);
    // The host follows with its own windows; a lab that is away keeps its old setting, and the page its new look.
    changeSettings({ theme: scheme === "auto" ? "system" : scheme }).catch(() => {});
  };
  const SCHEMES = [
    { scheme: "light", label: "Light", Icon: IconSun },
    { scheme: "dark", label: "Dark", Icon: IconMoon },
    { scheme: "auto", label: "Like the system", Icon: IconDeviceDesktop },
  ] as const;
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="More: theme, settings, help">
          <IconSettings size={16} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Theme</Menu.Label>
        {SCHEMES.map(({ scheme, label, Icon }) => (
          <Menu.Item
            key={scheme}
            leftSection={<Icon size={15} aria-hidden />}
            rightSection={colorScheme === scheme ? "✓" : undefined}
            onClick={() => choose(scheme)}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconPresentation size={15} aria-hidden />}
          rightSection="P"
          onClick={() => setPreference({ isPresenting: true })}
        >
          Presenter mode
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={15} aria-hidden />} rightSection="?" onClick={onHelp}>
          Shortcuts
        </Menu.Item>
        <Menu.Item
          component="a"
          href={formatRoute({ at: "settings" })}
          leftSection={<IconBulb size={15} aria-hidden />}
        >
          Settings
        </Menu.Item>
        <Menu.Item
          component="a"
          href={formatRoute({ at: "about" })}
          leftSection={<IconInfoCircle size={15} aria-hidden />}
        >
          About and diagnostics
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function HaltedBanner() {
  const isHalted = useLab((state) => state.lab?.halted ?? false);
  const actions = useLabActions();
  if (!isHalted) return null;
  return (
    <div className={classes.halted} role="status">
      <IconHandStop size={16} aria-hidden />
      <span>The lab is halted: everything was put back, and nothing can be broken until it is armed again.</span>
      <Button variant="default" onClick={() => void actions.arm()}>
        Arm the lab
      </Button>
    </div>
  );
}

/** A run that this window has started is shown as soon as it begins; a person who has gone elsewhere is left there. */
function useFollowAwaitedRun(): void {
  const awaited = useInteraction((state) => state.awaitedEntry);
  const awaitEntry = useInteraction((state) => state.awaitEntry);
  const queue = useLab((state) => state.lab?.queue);
  useEffect(() => {
    if (awaited === undefined || queue === undefined) return;
    const entry = [...queue.active, ...queue.ended].find(({ entryId }) => entryId === awaited);
    if (entry === undefined || (entry.state === "queued" && entry.runId === null)) return;
    if (entry.runId === null && entry.state === "running") return;
    awaitEntry(undefined);
    const isStillHere = parseRoute(window.location.hash).at === "lab";
    if (entry.runId !== null && isStillHere) goTo({ at: "run", runId: entry.runId });
  }, [awaited, awaitEntry, queue]);
}

function useShellNavigation(): void {
  const { client } = useStores();
  useEffect(() => client.onNavigate((route) => goTo(parseRoute(route))), [client]);
}

function isUnder(route: Route, at: Route["at"]): boolean {
  return route.at === at || (at === "history" && (route.at === "run" || route.at === "compare"));
}

const TITLES: Record<Route["at"], string> = {
  lab: "Lab",
  run: "Run",
  compare: "Compare",
  history: "History",
  approvals: "Approvals",
  scenarios: "Scenarios",
  settings: "Settings",
  about: "About",
};

function titleOf(route: Route): string {
  return TITLES[route.at];
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>("[data-page-search]")?.focus();
}

function skipToMain(): void {
  document.getElementById("main")?.focus();
}
