import type { HistoryPage } from "../../electron/contract/history.ts";
import { formatRoute } from "../state/route.ts";
import { bytes } from "../ui/times.ts";
import classes from "./retention-note.module.css";

/** Number of runs kept, and the limit. */
export function RetentionNote({ retention }: { retention: HistoryPage["retention"] }) {
  const { runs, pinned, limit, bytes: size } = retention;
  const share = Math.min(1, (runs - pinned) / limit);
  const counts = `${runs.toLocaleString()} of ${limit.toLocaleString()} runs kept`;
  return (
    <div className={classes.note}>
      <meter className={classes.meter} min={0} max={1} value={share} aria-label={counts} />
      <span>
        {counts}
        {pinned > 0 && `, ${pinned.toLocaleString()} pinned`}, {bytes(size)} on disk. Older runs are deleted, pinned
        runs are kept. <a href={formatRoute({ at: "settings" })}>Change the limit</a>
      </span>
    </div>
  );
}
