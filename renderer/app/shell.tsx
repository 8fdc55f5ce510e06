import { useEffect } from "react";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab, usePreferences, useStores } from "../state/lab-context.tsx";
import { formatRoute, parseRoute, type Route } from "../state/route.ts";
import { goTo, useRoute } from "../state/use-route.ts";
import { useShortcuts } from "../state/use-shortcuts.ts";
import { focusMain, focusPart } from "../ui/focus-main.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { Header } from "./header.tsx";
import { late } from "./late.tsx";
import classes from "./shell.module.css";
import { useFollowRuns } from "./use-follow-runs.ts";
import { useOverlays } from "./use-overlays.ts";
import { usePresenting } from "./use-presenting.ts";

const HeaderTools = late("The header", () => import("./header-tools.tsx"));
const LeavePresenter = late("Presenter mode", () => import("./leave-presenter.tsx"));
const WindowRefused = late("The connection page", () => import("./window-refused.tsx"));
const Banners = late("The notices", () => import("./banners.tsx"));
const BatchStrip = late("The queue", () => import("../runs/batch-strip.tsx"));
const Overlays = late("The overlays", async () => {
  await idle();
  return import("./overlays.tsx");
});
const LabPage = late("The Lab page", () => import("../scenarios/lab-page.tsx"));
const RunPage = late("The Run page", () => import("../runs/run-page.tsx"));
const EvaluatePage = late("The Evaluate page", () => import("../history/evaluate-page.tsx"));
const CompareSetsPage = late("The Compare page of sets", () => import("../runs/compare-sets-page.tsx"));
const BatchPage = late("The result page", () => import("../runs/batch-page.tsx"));
const ComparePage = late("The Compare page", () => import("../runs/compare-page.tsx"));
const StacksPage = late("The Stacks page", () => import("../stacks/stacks-page.tsx"));
const ServicesPage = late("The Services page", () => import("../stacks/services-page.tsx"));
const ServicePage = late("The Service page", () => import("../stack/service-page.tsx"));
const HistoryPage = late("The History page", () => import("../history/history-page.tsx"));
const QueuePage = late("The Queue page", () => import("../queue/queue-page.tsx"));
const SessionsPage = late("The Sessions page", () => import("../sessions/sessions-page.tsx"));
const ApprovalsPage = late("The Approvals page", () => import("../approvals/approvals-page.tsx"));
const EditorPage = late("The Scenarios page", () => import("../editor/editor-page.tsx"));
const SettingsPage = late("The Settings page", () => import("../settings/settings-page.tsx"));
const AboutPage = late("The About page", () => import("../about/about-page.tsx"));

/** Overlays are loaded after this time even if the page is busy. */
const IDLE_LIMIT_MS = 1_000;

export function Shell() {
  const route = useRoute();
  const overlays = useOverlays();
  const isPresenting = usePresenting();
  const setPreference = usePreferences((state) => state.set);
  const waiting = useLab((state) => state.lab?.approvals.waiting.length ?? 0);
  const isRefused = useLab((state) => state.connection.is === "refused" && state.lab === undefined);
  const actions = useLabActions();
  useFollowRuns();
  useShellNavigation();

  const isDescribing = route.at === "stacks" && route.isDescribing === true;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page begins at its top
  useEffect(() => {
    document.getElementById("main")?.scrollTo(0, 0);
  }, [route.at, isDescribing]);
  useEffect(() => {
    document.title = `${titleOf(route)} · Resilience Lab`;
  }, [route]);

  useShortcuts({
    palette: overlays.openPalette,
    help: () => overlays.openHelp(),
    "go-lab": () => goTo({ at: "lab" }),
    "go-stacks": () => goTo({ at: "stacks" }),
    "go-history": () => goTo({ at: "history" }),
    "go-queue": () => goTo({ at: "queue" }),
    "go-approvals": () => goTo({ at: "approvals" }),
    "go-scenarios": () => goTo({ at: "scenarios" }),
    presenter: () => setPreference({ isPresenting: !isPresenting }),
    "undo-all": () => void actions.undo("all"),
    halt: () => void actions.halt(),
    search: focusSearch,
  });

  return (
    <div className={classes.shell}>
      <button type="button" className={classes.skip} onClick={focusMain}>
        Skip to the page
      </button>
      {SKIPS[route.at]?.map(({ label, part }) => (
        <button key={part} type="button" className={classes.skip} onClick={() => focusPart(part)}>
          {label}
        </button>
      ))}
      {isPresenting ? (
        <LeavePresenter />
      ) : (
        <Header route={route} waiting={waiting}>
          <HeaderTools overlays={overlays} />
        </Header>
      )}
      <Banners />
      <BatchStrip route={route} />
      <main id="main" tabIndex={-1} className={classes.main}>
        <ErrorBoundary place={formatRoute(route)}>
          {isRefused ? <WindowRefused /> : <Page route={route} />}
        </ErrorBoundary>
      </main>
      <Overlays overlays={overlays} />
    </div>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.at) {
    case "lab":
      return <LabPage route={route} />;
    case "run":
      return <RunPage key={route.runId} route={route} />;
    case "compare":
      return <ComparePage key={`${route.left} ${route.right}`} left={route.left} right={route.right} />;
    case "batch":
      return <BatchPage key={route.batchId} batchId={route.batchId} />;
    case "evaluate":
      return <EvaluatePage key={route.runIds.join()} runIds={route.runIds} />;
    case "compare-sets":
      return <CompareSetsPage key={[...route.left, "", ...route.right].join()} left={route.left} right={route.right} />;
    case "stacks":
      return route.isDescribing ? <ServicesPage /> : <StacksPage />;
    case "service":
      return <ServicePage key={route.service} name={route.service} />;
    case "history":
      return <HistoryPage route={route} />;
    case "queue":
      return <QueuePage runId={route.runId} />;
    case "sessions":
      return <SessionsPage />;
    case "approvals":
      return <ApprovalsPage />;
    case "scenarios":
      return (
        <EditorPage
          scenarioId={route.scenarioId}
          isCopy={route.isCopy === true}
          brokenFile={route.brokenFile}
          manualRunId={route.manualRunId}
        />
      );
    case "settings":
      return <SettingsPage />;
    case "about":
      return <AboutPage />;
  }
}

function useShellNavigation(): void {
  const { client } = useStores();
  useEffect(() => client.onNavigate((route) => goTo(parseRoute(route))), [client]);
}

/** Parts of a page that are behind many controls, by the ids of their elements. */
const SKIPS: Partial<Record<Route["at"], readonly { label: string; part: string }[]>> = {
  lab: [{ label: "Skip to the stack", part: "stack" }],
  run: [
    { label: "Skip to the time axis", part: "time-axis" },
    { label: "Skip to the details", part: "details" },
  ],
  scenarios: [{ label: "Skip to the editor", part: "editor" }],
};

const TITLES: Record<Route["at"], string> = {
  lab: "Lab",
  run: "Run",
  compare: "Compare",
  "compare-sets": "Compare",
  batch: "Result",
  evaluate: "Evaluate",
  stacks: "Stacks",
  service: "Service",
  history: "History",
  queue: "Queue",
  sessions: "Live sessions",
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

function idle(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if ("requestIdleCallback" in window) requestIdleCallback(() => resolve(), { timeout: IDLE_LIMIT_MS });
  else setTimeout(resolve, IDLE_LIMIT_MS);
  return promise;
}
