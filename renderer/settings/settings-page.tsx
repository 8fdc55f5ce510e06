import { NumberInput, SegmentedControl, Switch, TextInput, useMantineColorScheme } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import type { Settings, SettingsChange } from "../../electron/contract/settings.ts";
import { Loading } from "../app/states.tsx";
import { attempt } from "../app/tell.tsx";
import { useLab } from "../state/lab-context.tsx";
import classes from "./settings-page.module.css";

/** What a person chooses once. Every change is kept as it is made. */
export default function SettingsPage() {
  const settings = useLab((state) => state.settings);
  const change = useLab((state) => state.changeSettings);
  const { setColorScheme } = useMantineColorScheme();
  if (settings === undefined) return <Loading what="Reading the settings" />;
  const set = (wanted: SettingsChange) => void attempt("The setting could not be kept", () => change(wanted));
  return (
    <div className={classes.page}>
      <h1>Settings</h1>
      <Setting name="Theme" help="This window, and those of the desktop app.">
        <SegmentedControl
          size="xs"
          aria-label="Theme"
          data={[
            { value: "system", label: "Like the system" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
          value={settings.theme}
          onChange={(theme) => {
            setColorScheme(theme === "system" ? "auto" : (theme as "light" | "dark"));
            set({ theme: theme as Settings["theme"] });
          }}
        />
      </Setting>
      <Setting name="Tell of finished runs" help="When a run ends that the window does not show.">
        <Switch
          aria-label="Tell of finished runs"
          checked={settings.notifications}
          onChange={(event) => set({ notifications: event.currentTarget.checked })}
        />
      </Setting>
      <Setting name="Keep the stack up" help="When the lab is quit. Takes effect when the stack is next brought up.">
        <Switch
          aria-label="Keep the stack up"
          checked={settings.keepStackUp}
          onChange={(event) => set({ keepStackUp: event.currentTarget.checked })}
        />
      </Setting>
      <Setting name="Ports" help="Those of the stack file, or any that are free.">
        <SegmentedControl
          size="xs"
          aria-label="Ports"
          data={[
            { value: "fixed", label: "Those of the file" },
            { value: "fixed or auto", label: "Free ones when taken" },
            { value: "auto", label: "Any free ones" },
          ]}
          value={settings.ports}
          onChange={(ports) => set({ ports: ports as Settings["ports"] })}
        />
      </Setting>
      <KeptText
        name="Runs kept"
        help="The oldest beyond this many are deleted; pinned ones stay."
        value={String(settings.historyLimit)}
        isNumber
        onKeep={(text) => set({ historyLimit: Number(text) })}
        problemOf={(text) => {
          const count = Number(text);
          return Number.isInteger(count) && count >= 10 && count <= 100_000
            ? undefined
            : "A whole number from 10 to 100000";
        }}
      />
      <KeptText
        name="Operator"
        help="The name under which you decide approvals."
        value={settings.operator}
        onKeep={(operator) => set({ operator })}
        problemOf={(text) =>
          /^[\w.-]{1,80}$/.test(text) ? undefined : "Letters, digits, dots, dashes and underscores"
        }
      />
    </div>
  );
}

function Setting({ name, help, children }: { name: string; help: string; children: ReactNode }) {
  return (
    <div className={classes.setting}>
      <div>
        <b>{name}</b>
        <span>{help}</span>
      </div>
      <div>{children}</div>
    </div>
  );
}

interface KeptTextProps {
  name: string;
  help: string;
  value: string;
  isNumber?: boolean;
  onKeep: (text: string) => void;
  problemOf: (text: string) => string | undefined;
}

/** Kept when the field is left or Enter is pressed, and only when it is well. */
function KeptText({ name, help, value, isNumber = false, onKeep, problemOf }: KeptTextProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const problem = problemOf(text);
  const keep = () => {
    if (problem === undefined && text !== value) onKeep(text);
  };
  const shared = {
    "aria-label": name,
    size: "xs" as const,
    error: problem,
    onBlur: keep,
    onKeyDown: (event: { key: string }) => event.key === "Enter" && keep(),
  };
  return (
    <Setting name={name} help={help}>
      {isNumber ? (
        <NumberInput {...shared} value={text} onChange={(next) => setText(String(next))} w={160} />
      ) : (
        <TextInput {...shared} value={text} onChange={(event) => setText(event.currentTarget.value)} w={220} />
      )}
    </Setting>
  );
}
