import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { type ReactNode, useState } from "react";
import { failureText } from "../lab-client/lab-failure.ts";
import { Failed } from "../ui/failed.tsx";
import { useStores } from "./lab-context.tsx";
import { type RemedyAction, remedyOf } from "./remedy.ts";
import { formatRoute } from "./route.ts";

const ICON_PX = 16;

/** Shows a failure with its hint, and a button that carries it out. */
export function notifyFailure(what: string, error: unknown): void {
  const text = failureText(error);
  notifications.show({
    title: what,
    message: (
      <>
        {text}
        {remedyOf(text) !== undefined && (
          <p>
            <RemedyButton text={text} />
          </p>
        )}
      </>
    ),
    color: "red",
    icon: <IconAlertTriangle size={ICON_PX} aria-hidden />,
    autoClose: 12_000,
  });
}

export function notify(title: string, message = ""): void {
  notifications.show({
    title,
    message,
    color: "green",
    icon: <IconCheck size={ICON_PX} aria-hidden />,
    autoClose: 5_000,
  });
}

/** Runs an action; a failure is shown and not thrown, and resolves to undefined. */
export async function attempt<Value>(what: string, work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    notifyFailure(what, error);
    return undefined;
  }
}

/** In the place of what could not be loaded. @param text of failureText */
export function Failure({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <Failed title={title} message={text}>
      <RemedyButton text={text} />
      {children}
    </Failed>
  );
}

/** Carries out the hint in a text, or opens the page where that is done; nothing for other texts. */
export function RemedyButton({ text }: { text: string }) {
  const { client, lab } = useStores();
  const [isDoing, setDoing] = useState(false);
  const remedy = remedyOf(text);
  // A file that was exported has nothing that could be done.
  if (remedy === undefined || !client.hasLab) return null;
  if ("route" in remedy) {
    return (
      <Button component="a" variant="default" href={formatRoute(remedy.route)}>
        {remedy.label}
      </Button>
    );
  }
  const actions: Record<RemedyAction, () => unknown> = {
    "bring-up": () => client.call.stack.up(),
    "use-free-ports": async () => {
      await lab.getState().changeSettings({ ports: "auto" });
      await client.call.stack.up();
    },
    arm: () => client.call.stack.arm(),
    "undo-all": () => client.call.stack.undo({ target: "all" }),
    "cancel-all": () => client.call.runs.cancel({ entryId: "all" }),
    reload: () => window.location.reload(),
  };
  return (
    <Button
      variant="default"
      loading={isDoing}
      onClick={() => {
        setDoing(true);
        const act = actions[remedy.does];
        void attempt(`${remedy.label}: this failed`, async () => act()).finally(() => setDoing(false));
      }}
    >
      {remedy.label}
    </Button>
  );
}
