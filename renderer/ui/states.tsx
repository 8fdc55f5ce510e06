import { Loader } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./states.module.css";

/** An empty state: what would be here, and the next action. */
export function Empty({ title, children, icon }: { title: string; children?: ReactNode; icon?: ReactNode }) {
  return (
    <div className={classes.state}>
      {icon}
      <h2>{title}</h2>
      {children !== undefined && <div>{children}</div>}
    </div>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <div className={classes.state} role="status">
      <Loader size="sm" aria-hidden />
      <div>{what}</div>
    </div>
  );
}
