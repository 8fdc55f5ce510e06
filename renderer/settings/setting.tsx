import { type ReactNode, useId } from "react";
import classes from "./settings-page.module.css";

/** Properties that name and explain a control, and disable it. */
export interface Described {
  "aria-label": string;
  "aria-describedby": string;
  disabled: boolean;
}

interface SettingProps {
  name: string;
  help: string;
  /** Why it cannot be changed now: shown beside it, since a disabled control has no tooltip. */
  because?: string | undefined;
  children: (described: Described) => ReactNode;
}

export function Setting({ name, help, because, children }: SettingProps) {
  const id = useId();
  const described: Described = {
    "aria-label": name,
    "aria-describedby": id,
    disabled: because !== undefined,
  };
  return (
    <div className={classes.setting}>
      <div>
        <b>{name}</b>
        <span id={id}>
          {help}
          {because !== undefined && <em> {because}.</em>}
        </span>
      </div>
      <div>{children(described)}</div>
    </div>
  );
}
