import { useLayoutEffect } from "react";
import { useRoute } from "../state/use-route.ts";
import type { AppProps } from "./app.tsx";
import { Header } from "./header.tsx";
import classes from "./shell.module.css";

/** Shown until the application is loaded: the working links to the pages, in their final position. */
export function FirstFrame({ preferences }: AppProps) {
  const route = useRoute();
  useLayoutEffect(() => handFocusOn, []);
  return (
    <div className={classes.shell}>{!preferences.getState().isPresenting && <Header route={route} waiting={0} />}</div>
  );
}

/** Keeps the focus on a link when the application replaces this frame: its first links are the same. */
function handFocusOn(): void {
  const links: (Element | null)[] = [...document.links];
  const place = links.indexOf(document.activeElement);
  if (place >= 0) queueMicrotask(() => document.links[place]?.focus());
}
