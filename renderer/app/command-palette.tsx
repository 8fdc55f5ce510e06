import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData, useSpotlight } from "@mantine/spotlight";
import { IconPlayerPlay, IconPlaylist, IconSearch, IconTimeline } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import type { RunSummary } from "../../electron/contract/history.ts";
import { useLabActions } from "../state/lab-actions.ts";
import { useLab, usePreferences, useStores } from "../state/lab-context.tsx";
import { keyCaps, SHORTCUTS, type ShortcutId } from "../state/shortcuts.ts";
import { goTo } from "../state/use-route.ts";
import { OUTCOME_LOOKS } from "../ui/outcome.tsx";
import { ago } from "../ui/times.ts";
import { matchActions } from "./palette-match.ts";
import { PALETTE_NAME, paletteStore, typedAheadStore } from "./palette-store.ts";
import { isApple } from "./platform.ts";

const RUNS_OFFERED = 30;

/** Finds commands, scenarios to run and runs to open. */
export function CommandPalette({ onHelp }: { onHelp: () => void }) {
  const { client } = useStores();
  const actions = useLabActions();
  const catalogue = useLab((state) => state.catalogue);
  const clockOffsetMs = useLab((state) => state.clockOffsetMs);
  const isPresenting = usePreferences((state) => state.isPresenting);
  const setPreference = usePreferences((state) => state.set);
  const { query, isEntered } = useStore(typedAheadStore);
  const [runs, setRuns] = useState<RunSummary[]>([]);
  const playlists = useLab((state) => state.playlists);
  const refreshPlaylists = useLab((state) => state.refreshPlaylists);
  const { opened: isOpen, listId } = useSpotlight(paletteStore);

  useEffect(() => {
    if (!isOpen) return;
    client.call.history.list({ limit: RUNS_OFFERED }).then(
      (page) => setRuns(page.runs),
      () => setRuns([]),
    );
    refreshPlaylists().catch(() => {});
  }, [client, isOpen, refreshPlaylists]);

  // Spotlight selects an entry when its query changes. Enter must also take one that arrives later: a run, a scenario.
  useEffect(() => {
    if (!isOpen || query === "") return;
    selectFirstIfNone(listId);
    const selected = selectedAction(listId);
    if (!isEntered || selected === null) return;
    typedAheadStore.setState({ isEntered: false });
    selected.click();
  });

  const command = (id: string, label: string, onClick: () => void, shortcut?: ShortcutId): SpotlightActionData => ({
    id,
    label,
    onClick,
    ...(shortcut === undefined ? {} : { rightSection: <small>{capsOf(shortcut)}</small> }),
  });
  const runAll = (options: Parameters<typeof actions.start>[1]) => {
    const ids = catalogue?.scenarios.flatMap(({ id, lacks }) => (lacks === null ? [id] : [])) ?? [];
    if (ids.length > 0) void actions.start(ids, options);
  };
  const groups: SpotlightActionGroupData[] = [
    {
      group: "Commands",
      actions: [
        command("go-lab", "Go to the lab", () => goTo({ at: "lab" }), "go-lab"),
        command("go-stacks", "Go to the stacks", () => goTo({ at: "stacks" }), "go-stacks"),
        command("go-history", "Go to the history of runs", () => goTo({ at: "history" }), "go-history"),
        command("go-queue", "Go to the queue of runs", () => goTo({ at: "queue" }), "go-queue"),
        command("go-sessions", "Go to live sessions", () => goTo({ at: "sessions" })),
        command("go-approvals", "Go to approvals", () => goTo({ at: "approvals" }), "go-approvals"),
        command("go-scenarios", "Go to the scenarios", () => goTo({ at: "scenarios" }), "go-scenarios"),
        command("run-all", "Run every scenario", () => runAll({})),
        command("run-matrix", "Run every scenario with and without its protection", () =>
          runAll({ without: [], matrix: true }),
        ),
        command("cancel-all", "Cancel every run", () => void actions.cancel("all")),
        command("undo-all", "Undo every fault", () => void actions.undo("all"), "undo-all"),
        command("halt", "Halt: cancel and undo everything", () => void actions.halt(), "halt"),
        command("up", "Bring the stack up", () => void actions.up()),
        command("down", "Take the stack down", () => void actions.down()),
        command(
          "presenter",
          isPresenting ? "Leave presenter mode" : "Presenter mode",
          () => setPreference({ isPresenting: !isPresenting }),
          "presenter",
        ),
        command("settings", "Settings", () => goTo({ at: "settings" })),
        command("about", "About and diagnostics", () => goTo({ at: "about" })),
        command("help", "Show the shortcuts", onHelp, "help"),
      ],
    },
    {
      group: "Play a playlist",
      actions: playlists.map(({ id, title, runs: count }) => ({
        id: `play ${id}`,
        label: `Play: ${title}`,
        description: `${count} ${count === 1 ? "run" : "runs"}`,
        keywords: [id, "demo", "playlist"],
        leftSection: <IconPlaylist size={16} aria-hidden />,
        onClick: () => void actions.play(id),
      })),
    },
    {
      group: "Run a scenario",
      actions: (catalogue?.scenarios ?? []).map(({ id, title, patterns }) => ({
        id: `run ${id}`,
        label: title,
        description: id,
        keywords: [id, ...patterns],
        leftSection: <IconPlayerPlay size={16} aria-hidden />,
        onClick: () => void actions.start([id]),
      })),
    },
    {
      group: "Open a run",
      actions: runs.map(({ id, scenarioTitle, scenarioId, outcome, startedWallMs }) => ({
        id: `open ${id}`,
        label: scenarioTitle,
        description: `${OUTCOME_LOOKS[outcome ?? "running"].word}, ${ago(startedWallMs, Date.now() + clockOffsetMs)}`,
        keywords: [id, scenarioId, outcome ?? "running"],
        leftSection: <IconTimeline size={16} aria-hidden />,
        onClick: () => goTo({ at: "run", runId: id }),
      })),
    },
  ].filter((group) => group.actions.length > 0);

  return (
    <Spotlight
      store={paletteStore}
      returnFocus={false}
      actions={groups}
      shortcut={null}
      attributes={{ content: { "aria-label": PALETTE_NAME } }}
      highlightQuery
      limit={12}
      scrollable
      maxHeight={460}
      filter={() => matchActions(query, groups)}
      nothingFound={<span role="status">No matches</span>}
      query={query}
      onQueryChange={(changed) => typedAheadStore.setState({ query: changed, isEntered: false })}
      searchProps={{
        leftSection: <IconSearch size={16} aria-hidden />,
        placeholder: "A command, a scenario or a run",
        "aria-label": "Find a command, a scenario or a run",
      }}
    />
  );
}

/** The selection is an attribute of the element, as Spotlight keeps it. */
function selectFirstIfNone(listId: string): void {
  if (selectedAction(listId) !== null) return;
  const first = document.getElementById(listId)?.querySelector("[data-action]");
  if (first == null) return;
  first.setAttribute("data-selected", "true");
  paletteStore.updateState((state) => ({ ...state, selected: 0 }));
}

function selectedAction(listId: string): HTMLElement | null {
  return document.getElementById(listId)?.querySelector<HTMLElement>("[data-selected]") ?? null;
}

function capsOf(id: ShortcutId): string {
  const shortcut = SHORTCUTS.find((each) => each.id === id);
  return shortcut === undefined ? "" : keyCaps(shortcut.keys, isApple()).join(" ");
}
