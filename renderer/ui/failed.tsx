import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./states.module.css";

/** An error: what failed, why, and in `children` the next action. */
export function Failed({ title, message, children }: { title: string; message: string; children?: ReactNode }) {
  return (
    <div className={classes.state} role="alert">
      <IconAlertTriangle size={22} className={classes.failedIcon} aria-hidden />
      <h2>{title}</h2>
      <div>{message}</div>
      {children}
    </div>
  );
}
