import type { AppProps } from "./app.tsx";
import { Header } from "./header.tsx";
import classes from "./shell.module.css";
import { useRoute } from "./use-route.ts";

/** What is there before the rest of the page has been read: the links to its pages, which work, in the place they keep. */
export function FirstFrame({ preferences }: AppProps) {
  const route = useRoute();
  return (
    <div className={classes.shell}>{!preferences.getState().isPresenting && <Header route={route} waiting={0} />}</div>
  );
}
