import { Button, Modal } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { ExportPreview } from "../../electron/contract/bundles.ts";
import { useStores } from "../state/lab-context.tsx";
import { notifyFailure } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { Loading } from "../ui/states.tsx";
import classes from "./export-runs.module.css";
import { useBundles } from "./use-bundles.ts";

interface ExportRunsProps {
  /** Empty while the dialog is closed. */
  runIds: readonly string[];
  onClose: () => void;
}

/** Shows what an export redacts, and what still looks suspicious, before the export. */
export function ExportRuns({ runIds: asked, onClose }: ExportRunsProps) {
  const { client } = useStores();
  const bundles = useBundles();
  // The content stays while the dialog closes.
  const latest = useRef(asked);
  if (asked.length > 0) latest.current = asked;
  const runIds = latest.current;
  const [preview, setPreview] = useState<ExportPreview>();
  const [isExporting, setExporting] = useState(false);
  const key = asked.join();

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new closure of the parent is not a new request
  useEffect(() => {
    if (key === "") return;
    const until = new AbortController();
    setPreview(undefined);
    client.call.bundles.preview({ runIds: key.split(",") }, { signal: until.signal }).then(setPreview, (error) => {
      if (until.signal.aborted) return;
      notifyFailure("The export could not be previewed", error);
      onClose();
    });
    return () => until.abort();
  }, [client, key]);

  const save = async () => {
    setExporting(true);
    await bundles.exportRuns([...runIds]);
    setExporting(false);
    onClose();
  };
  const count = runIds.length === 1 ? "this run" : `${runIds.length} runs`;
  return (
    <Modal
      opened={asked.length > 0}
      onClose={() => !isExporting && onClose()}
      title={`Export ${count}?`}
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {preview === undefined ? <Loading what="Checking the export for secrets" /> : <Found preview={preview} />}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onClose} disabled={isExporting}>
          Cancel
        </Button>
        <Button loading={isExporting} disabled={preview === undefined} onClick={() => void save()} data-autofocus>
          Export {count}
        </Button>
      </div>
    </Modal>
  );
}

function Found({ preview: { redacted, suspicious, suspiciousMore } }: { preview: ExportPreview }) {
  const kinds = Object.entries(redacted);
  return (
    <>
      <h3>Redacted</h3>
      {kinds.length === 0 && <p>No secrets or personal data found.</p>}
      <ul className={classes.list} aria-label="Redacted">
        {kinds.map(([kind, times]) => (
          <li key={kind}>
            {kind} <span className={classes.times}>x{times}</span>
          </li>
        ))}
      </ul>
      <h3>Looks suspicious</h3>
      {suspicious.length === 0 ? (
        <p>Nothing else looks like a secret.</p>
      ) : (
        <p>Long random values that no rule matches. They are exported unchanged: check them first.</p>
      )}
      <ul className={classes.list} aria-label="Looks suspicious">
        {suspicious.map(({ runId, seq, where, what }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes, and a value may occur twice
          <li key={index}>
            <code>{what}</code> in <a href={formatRoute({ at: "run", runId })}>{where}</a>
            {seq !== null && ` (event ${seq})`}
          </li>
        ))}
      </ul>
      {suspiciousMore > 0 && <p>And {suspiciousMore} more.</p>}
    </>
  );
}
