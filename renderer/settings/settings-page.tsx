import { SegmentedControl, Switch, useMantineColorScheme } from "@mantine/core";
import type { Settings, SettingsChange } from "../../electron/contract/settings.ts";
import { useLab, usePreferences } from "../state/lab-context.tsx";
import { attempt } from "../state/notify.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { Loading } from "../ui/states.tsx";
import { Setting } from "./setting.tsx";
import classes from "./settings-page.module.css";
import { TypedSetting } from "./typed-setting.tsx";
import { historyLimitProblem, operatorProblem, whyNotChange } from "./why-not-change.ts";

/** Settings and preferences. Every change is saved at once. */
export default function SettingsPage() {
  return (
    <div className={classes.page}>
      <h1>Settings</h1>
      <LabSettings />
      <WindowPreferences />
    </div>
  );
}

/** Saved by the lab in its data folder, for every window. */
function LabSettings() {
  const settings = useLab((state) => state.settings);
  const change = useLab((state) => state.changeSettings);
  const because = useLab(whyNotChange);
  const hasHostNotices = useLab((state) => state.capabilities?.notifications ?? false);
  const isNativeThemed = useLab((state) => state.capabilities?.nativeTheme ?? false);
  const { setColorScheme } = useMantineColorScheme();
  if (settings === undefined) {
    return (
      <Loading what={because === undefined ? "Loading settings" : `The settings could not be loaded: ${because}`} />
    );
  }
  const set = (wanted: SettingsChange) => attempt("The setting could not be saved", () => change(wanted));
  return (
    <section aria-labelledby="lab-settings">
      <h2 id="lab-settings">The lab</h2>
      <Setting
        name="Theme"
        help={isNativeThemed ? "Applies to this window, its menus and dialogs." : "Applies to this page."}
        because={because}
      >
        {(described) => (
          <SegmentedControl
            size="xs"
            {...described}
            data={[
              { value: "system", label: "System" },
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
        name="Notify when runs finish"
        help={
          hasHostNotices
            ? "With a system notification, while this window is not focused."
            : "In this window, for runs that it does not show."
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
        help="Services keep running when the lab quits. Takes effect the next time the stack is brought up."
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
      <Setting name="Ports" help="Takes effect the next time the stack is brought up." because={because}>
        {(described) => (
          <SegmentedControl
            size="xs"
            {...described}
            data={[
              { value: "fixed", label: "From the stack file" },
              { value: "fixed or auto", label: "Free ones if in use" },
              { value: "auto", label: "Any free" },
            ]}
            value={settings.ports}
            onChange={(ports) => void set({ ports: ports as Settings["ports"] })}
          />
        )}
      </Setting>
      <Setting
        name="Keep runs raw"
        help="Record runs of this lab without redaction, secrets included. Raw runs are marked and cannot be exported. Applies to new runs; live sessions and opened traces are always redacted."
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
        help="Older runs are deleted; pinned runs are kept."
        because={because}
        value={String(settings.historyLimit)}
        isNumber
        problemOf={historyLimitProblem}
        onKeep={(text) => set({ historyLimit: Number(text) })}
      />
      <TypedSetting
        name="Your name"
        help="Recorded with your approval decisions."
        because={because}
        value={settings.operator}
        problemOf={operatorProblem}
        onKeep={(operator) => set({ operator })}
      />
    </section>
  );
}

/** Saved by this browser or window only. */
function WindowPreferences() {
  const { collapsesIdle, showsInspector, isPresenting, hiddenLanes, set } = usePreferences((state) => state);
  return (
    <section aria-labelledby="window-settings">
      <h2 id="window-settings">This window</h2>
      <Setting name="Collapse idle time" help="Shorten idle periods on a run's time axis.">
        {(described) => (
          <Switch
            {...described}
            checked={collapsesIdle}
            onChange={(event) => set({ collapsesIdle: event.currentTarget.checked })}
          />
        )}
      </Setting>
      <Setting name="Show the inspector" help="Show details of the selection beside a run.">
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
        help={hiddenLanes.length === 0 ? "All lanes are shown." : `Hidden: ${hiddenLanes.join(", ")}.`}
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
      <Setting name="Presenter mode" help="Large type for an audience. Press P to leave.">
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
