import { IconBroadcast, IconFlask2, IconHistory, IconPencilCode, IconStack2, IconUserCheck } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { formatRoute, type Route } from "../state/route.ts";
import classes from "./shell.module.css";

const PLACES = [
  { at: "lab", label: "Lab", Icon: IconFlask2 },
  { at: "stacks", label: "Stacks", Icon: IconStack2 },
  { at: "history", label: "History", Icon: IconHistory },
  { at: "sessions", label: "Sessions", Icon: IconBroadcast },
  { at: "approvals", label: "Approvals", Icon: IconUserCheck },
  { at: "scenarios", label: "Scenarios", Icon: IconPencilCode },
] as const;

interface HeaderProps {
  route: Route;
  /** Number of calls that wait for a person. */
  waiting: number;
  children?: ReactNode;
}

/** The current page and the links to the pages, which work without the rest of the application. */
export function Header({ route, waiting, children }: HeaderProps) {
  return (
    <header className={classes.header}>
      <a className={classes.brand} href={formatRoute({ at: "lab" })} aria-label="Resilience Lab">
        <img src="./icon.svg" alt="" width={20} height={20} />
        <span>Resilience Lab</span>
      </a>
      <nav className={classes.nav} aria-label="Pages">
        {PLACES.map(({ at, label, Icon }) => (
          <a key={at} href={formatRoute({ at })} aria-current={isUnder(route, at) ? "page" : undefined}>
            <Icon size={15} aria-hidden />
            {label}
            {at === "approvals" && waiting > 0 && (
              <span className={classes.waiting} role="img" aria-label={`${waiting} waiting`}>
                {waiting}
              </span>
            )}
          </a>
        ))}
      </nav>
      <div className={classes.tools}>{children}</div>
    </header>
  );
}

function isUnder(route: Route, at: Route["at"]): boolean {
  return (
    route.at === at || (at === "history" && ["queue", "run", "compare", "compare-sets", "evaluate"].includes(route.at))
  );
}
