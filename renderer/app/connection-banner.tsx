import { Button, Loader } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import type { ConnectionState } from "../lab-client/connection.ts";
import { useLab } from "../state/lab-context.tsx";
import { clockTime } from "../ui/times.ts";
import classes from "./connection-banner.module.css";

/** Shown while what the window shows is not kept up to date: the connection or the stream of the lab's state is lost. */
export function ConnectionBanner() {
  const connection = useLab((state) => state.connection);
  const hasState = useLab((state) => state.lab !== undefined);
  const failure = useLab((state) => state.stateFailure);
  const followAgain = useLab((state) => state.followAgain);
  if (connection.is === "connected" && failure !== undefined) {
    return (
      <div className={classes.banner} data-refused role="alert" data-testid="connection-banner">
        <IconPlugConnectedX size={16} aria-hidden />
        <span>The state shown here is no longer updated: {failure.message}.</span>
        <Button variant="default" onClick={followAgain}>
          Try again
        </Button>
      </div>
    );
  }
  if (connection.is === "connected" || (connection.is === "connecting" && !hasState)) return null;
  // The page itself shows the reason, since it has nothing else to show.
  if (connection.is === "refused" && !hasState) return null;
  if (connection.is === "lost" && connection.lab === "gone") {
    return (
      <div className={classes.banner} data-refused role="alert" data-testid="connection-banner">
        <IconPlugConnectedX size={16} aria-hidden />
        <span>
          The lab has ended: nothing answers at {window.location.host}. This window shows its last known state, of{" "}
          {clockTime(connection.sinceWallMs, Date.now())}; no run is in progress, and faults are undone by its watchdog
          or at its next start. Start the lab again with <code>npm start</code>, then open the address that it prints.
        </span>
      </div>
    );
  }
  if (connection.is === "lost" || connection.is === "connecting") {
    return (
      <div className={classes.banner} role="status" data-testid="connection-banner">
        <Loader size={14} aria-hidden />
        <span>Connection to the lab lost, reconnecting.{isRunning(connection) && RUNS_CONTINUE}</span>
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

const RUNS_CONTINUE = " The lab answers: runs continue without this window.";

function isRunning(connection: ConnectionState): boolean {
  return connection.is === "lost" && connection.lab === "running";
}
