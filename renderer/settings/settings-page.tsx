import { SegmentedControl, Switch, useMantineColorScheme } from "@mantine/core";
import type { Settings, SettingsChange } from "../../electron/contract/settings.ts";
import { useLab, usePreferences } from "../state/lab-context.tsx";
import { attempt } from "../state/tell.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import { Setting } from "./setting.tsx";
import classes from "./settings-page.module.css";
import { TypedSetting } from "./typed-setting.tsx";
import { historyLimitProblem, operatorProblem, whyNotChange } from "./why-not-change.ts";

/** What a person chooses once. Every change is kept as it is made. */
export default function SettingsPage() {
  return (
    <div className={classes.page}>
      <h1>Settings</h1>
      <LabSettings />
      <WindowPreferences />
    </div>
  );
}

/** Kept by the lab in its data folder, for every window. */
function LabSettings() {
  const settings = useLab((state) => state.settings);
  const change = useLab((state) => state.changeSettings);
  const because = useLab(whyNotChange);
  const hasHostNotices = useLab((state) => state.capabilities?.notifications ?? false);
  const isNativeThemed = useLab((state) => state.capabilities?.nativeTheme ?? false);
  const { setColorScheme } = useMantineColorScheme();
  if (settings === undefined) {
    return (
      <Loading what={because === undefined ? "Reading the settings" : `The settings cannot be read: ${because}`} />
    );
  }
  const set = (wanted: SettingsChange) => attempt("The setting could not be kept", () => change(wanted));
  return (
    <section aria-labelledby="lab-settings">
      <h2 id="lab-settings">The lab</h2>
      <Setting
        name="Theme"
        help={isNativeThemed ? "Of this window, its menus and its dialogs." : "Of this page."}
        because={because}
      >
        {(described) => (
          <SegmentedControl
            size="xs"
            {...described}
            data={[
              { value: "system", label: "Like the system" },
              { value: "light", label: "Light" },
              { value: "dark", label: "Dark" },
            ]}
            value={settings.theme}
            onChange={(theme) => {
              setColorScheme(theme === "system" ? "auto" : (theme as "light" | "dark"));
              void set({ theme: theme as Settings["theme"] });
            }}
          />
        )}
      </Setting>
      <Setting
        name="Tell of finished runs"
        help={
          hasHostNotices
            ? "By the system's own notices, when a run ends that no window shows."
            : "In this window, when a run ends that it does not show."
        }
        because={because}
      >
        {(described) => (
          <Switch
            {...described}
            checked={settings.notifications}
            onChange={(event) => void set({ notifications: event.currentTarget.checked })}
          />
        )}
      </Setting>
      <Setting
        name="Keep the stack up"
        help="When the lab is quit, its services stay. Takes effect when the stack is next brought up."
        because={because}
      >
        {(described) => (
          <Switch
            {...described}
            checked={settings.keepStackUp}
            onChange={(event) => void set({ keepStackUp: event.currentTarget.checked })}
          />
        )}
      </Setting>
      <Setting name="Ports" help="Of the services. Takes effect when the stack is next brought up." because={because}>
        {(described) => (
          <SegmentedControl
            size="xs"
            {...described}
            data={[
              { value: "fixed", label: "Those of the stack file" },
              { value: "fixed or auto", label: "Free ones when taken" },
              { value: "auto", label: "Any free ones" },
            ]}
            value={settings.ports}
            onChange={(ports) => void set({ ports: ports as Settings["ports"] })}
          />
        )}
      </Setting>
      <Setting
        name="Keep runs raw"
        help="Secrets and personal data are recorded as they are. Such a run says so and cannot be exported. Applies to runs that start from now on."
        because={because}
      >
        {(described) => (
          <Switch
            {...described}
            checked={settings.keepRunsRaw}
            onChange={(event) => void set({ keepRunsRaw: event.currentTarget.checked })}
          />
        )}
      </Setting>
      <TypedSetting
        name="Runs kept"
        help="The oldest beyond this many are deleted; pinned ones stay."
        because={because}
        value={String(settings.historyLimit)}
        isNumber
        problemOf={historyLimitProblem}
        onKeep={(text) => set({ historyLimit: Number(text) })}
      />
      <TypedSetting
        name="Your name"
        help="Under which your decisions on approvals are recorded."
        because={because}
        value={settings.operator}
        problemOf={operatorProblem}
        onKeep={(operator) => set({ operator })}
      />
    </section>
  );
}

/** Kept by this browser or window alone. */
function WindowPreferences() {
  const { collapsesIdle, showsInspector, isPresenting, hiddenLanes, set } = usePreferences((state) => state);
  return (
    <section aria-labelledby="window-settings">
      <h2 id="window-settings">This window</h2>
      <Setting
        name="Collapse idle time"
        help="On a run's time axis, stretches in which nothing happens are drawn short."
      >
        {(described) => (
          <Switch
            {...described}
            checked={collapsesIdle}
            onChange={(event) => set({ collapsesIdle: event.currentTarget.checked })}
          />
        )}
      </Setting>
      <Setting name="Show the inspector" help="Beside a run: everything about what is selected.">
        {(described) => (
          <Switch
            {...described}
            checked={showsInspector}
            onChange={(event) => set({ showsInspector: event.currentTarget.checked })}
          />
        )}
      </Setting>
      <Setting
        name="Lanes of a run"
        help={hiddenLanes.length === 0 ? "All of them are shown." : `Hidden: ${hiddenLanes.join(", ")}.`}
      >
        {() => (
          <ReasonedButton
            variant="default"
            disabledBecause={hiddenLanes.length === 0 ? "No lane is hidden" : undefined}
            onClick={() => set({ hiddenLanes: [] })}
          >
            Show all lanes
          </ReasonedButton>
        )}
      </Setting>
      <Setting name="Presenter mode" help="Large type and nothing but the page, for an audience. P leaves it again.">
        {(described) => (
          <Switch
            {...described}
            checked={isPresenting}
            onChange={(event) => set({ isPresenting: event.currentTarget.checked })}
          />
        )}
      </Setting>
    </section>
  );
}
