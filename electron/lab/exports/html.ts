import { mapTexts } from "../../model/annotations.ts";
import type { LabEvent } from "../../model/lab-event.ts";
import { RecordedViewer } from "../bundles/recorded-viewer.ts";
import { type EndedRun, recordOf } from "../bundles/run-export.ts";
import { readViewerBuild } from "../bundles/viewer/viewer-build.ts";
import type { RunStore } from "../history/run-store.ts";
import { LabError } from "../lab-error.ts";
import type { Redactor } from "../redaction/redactor.ts";

const PAGE = 2_000;

/** One run as the viewer of it. @throws LabError where the viewer was not built */
export async function htmlOf(
  history: RunStore,
  run: EndedRun,
  events: readonly LabEvent[],
  redactor: Redactor,
): Promise<string> {
  const viewer = await readViewerBuild();
  if (viewer === undefined) {
    throw new LabError("unsupported", "the viewer was not built, and a file without it would show little", {
      hint: "run `npm run build:viewer`, or export a bundle",
    });
  }
  const pieces: string[] = [];
  const write = (text: string) => {
    pieces.push(text);
    return undefined;
  };
  const page = new RecordedViewer(viewer, { write, end: async () => {} }, 1);
  const annotations = mapTexts(run.annotations, (text) => redactor.text(text));
  await page.beginRun(recordOf(run, events.length, redactor), annotations);
  for (const event of events) await page.event(event, JSON.stringify(event));
  await page.endEvents();
  for (let after = 0, hasMore = true; hasMore; ) {
    const { records, ...read } = await history.telemetry(run.id, after, PAGE);
    for (const record of records) await page.telemetry(JSON.stringify(redactor.telemetry(record)));
    ({ next: after, hasMore } = read);
  }
  await page.endRun();
  await page.end();
  return pieces.join("");
}
