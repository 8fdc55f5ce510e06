import { Loader } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useLab } from "../state/lab-context.tsx";
import classes from "./connection-banner.module.css";

/** Says that the lab cannot be heard, and what that means; nothing while all is well. */
export function ConnectionBanner() {
  const connection = useLab((state) => state.connection);
  const hasState = useLab((state) => state.lab !== undefined);
  if (connection.is === "connected" || (connection.is === "connecting" && !hasState)) return null;
  // The page says it, since there is nothing else that it could show.
  if (connection.is === "refused" && !hasState) return null;
  if (connection.is === "lost" || connection.is === "connecting") {
    return (
      <div className={classes.banner} role="status" data-testid="connection-banner">
        <Loader size={14} aria-hidden />
        <span>
          The connection to the lab was lost and is being opened again. Runs go on without this window, and it catches
          up.
        </span>
      </div>
    );
  }
  const message =
    connection.is === "refused"
      ? `Not connected: ${connection.message}. What to do: ${connection.hint}.`
      : "The connection to the lab is closed.";
  return (
    <div className={classes.banner} data-refused role="alert" data-testid="connection-banner">
      <IconPlugConnectedX size={16} aria-hidden />
      <span>{message}</span>
    </div>
  );
}
