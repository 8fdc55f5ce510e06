import { useLayoutEffect } from "react";
import { useRoute } from "../state/use-route.ts";
import type { AppProps } from "./app.tsx";
import { Header } from "./header.tsx";
import classes from "./shell.module.css";

/** What is there before the rest of the page has been read: the links to its pages, which work, in the place they keep. */
export function FirstFrame({ preferences }: AppProps) {
  const route = useRoute();
  useLayoutEffect(() => handFocusOn, []);
  return (
    <div className={classes.shell}>{!preferences.getState().isPresenting && <Header route={route} waiting={0} />}</div>
  );
}

/** The link that has the focus keeps it when the application takes this place, whose first links are the same. */
function handFocusOn(): void {
  const links: (Element | null)[] = [...document.links];
  const place = links.indexOf(document.activeElement);
  if (place >= 0) queueMicrotask(() => document.links[place]?.focus());
}
