import { Loader } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useLab } from "../state/lab-context.tsx";
import classes from "./connection-banner.module.css";

/** Shown while the connection to the lab is lost, refused or closed. */
export function ConnectionBanner() {
  const connection = useLab((state) => state.connection);
  const hasState = useLab((state) => state.lab !== undefined);
  if (connection.is === "connected" || (connection.is === "connecting" && !hasState)) return null;
  // The page itself shows the reason, since it has nothing else to show.
  if (connection.is === "refused" && !hasState) return null;
  if (connection.is === "lost" || connection.is === "connecting") {
    return (
      <div className={classes.banner} role="status" data-testid="connection-banner">
        <Loader size={14} aria-hidden />
        <span>Connection to the lab lost, reconnecting. Runs continue without this window.</span>
      </div>
    );
  }
  const message =
    connection.is === "refused"
      ? `Not connected: ${connection.message}. Fix: ${connection.hint}.`
      : "The connection to the lab is closed.";
  return (
    <div className={classes.banner} data-refused role="alert" data-testid="connection-banner">
      <IconPlugConnectedX size={16} aria-hidden />
      <span>{message}</span>
    </div>
  );
}
