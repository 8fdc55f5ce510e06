import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "./states.module.css";

/** Something could not be shown or done: says what, why, and in `children` what a person can do about it. */
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
