import { formatRoute } from "../state/route.ts";
import classes from "./none-fits.module.css";

/** On a stack of a person's own, for which there is no scenario yet. */
export function NoneFits({ project }: { project: string }) {
  return (
    <section className={classes.none} aria-labelledby="none-fits-title">
      <h2 id="none-fits-title">No scenario fits {project} yet</h2>
      <p>
        Those below need services that it does not have. Select a service or a link on the map and break it: a manual
        session can be saved as a scenario. Or <a href={formatRoute({ at: "scenarios" })}>write one</a>.
      </p>
    </section>
  );
}
