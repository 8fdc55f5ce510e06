import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { LabFailure } from "../lab-client/lab-failure.ts";

const ICON_PX = 16;

/** Says that something failed: what, and what to do next. */
export function tellFailure(what: string, error: unknown): void {
  const hint = error instanceof LabFailure ? error.hint : null;
  const message = error instanceof Error ? error.message : String(error);
  notifications.show({
    title: what,
    message: hint === null ? message : `${message}. Fix: ${hint}.`,
    color: "red",
    icon: <IconAlertTriangle size={ICON_PX} aria-hidden />,
    autoClose: 12_000,
  });
}

export function tell(title: string, message = ""): void {
  notifications.show({
    title,
    message,
    color: "green",
    icon: <IconCheck size={ICON_PX} aria-hidden />,
    autoClose: 5_000,
  });
}

/** Does what a person asked for; a failure is told and not thrown. Resolves to undefined then. */
export async function attempt<Value>(what: string, work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    tellFailure(what, error);
    return undefined;
  }
}
