import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { LabFailure } from "../lab-client/lab-failure.ts";
import { remedyOf } from "./remedy.ts";
import { RemedyLink } from "./remedy-link.tsx";

const ICON_PX = 16;

/** Shows a failure with its hint. */
export function notifyFailure(what: string, error: unknown): void {
  const hint = error instanceof LabFailure ? error.hint : null;
  const message = error instanceof Error ? error.message : String(error);
  notifications.show({
    title: what,
    message: (
      <>
        {hint === null ? message : `${message}. Fix: ${hint}.`}
        {remedyOf(hint) !== undefined && (
          <p>
            <RemedyLink hint={hint} />
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
