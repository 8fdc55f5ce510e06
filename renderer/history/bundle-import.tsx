import { Button, Loader, Modal } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { type ReactNode, useRef, useState } from "react";
import type { Upload } from "../../electron/contract/bundles.ts";
import { visibleLine } from "../../electron/model/visible-text.ts";
import { LabFailure } from "../lab-client/lab-failure.ts";
import { useStores } from "../state/lab-context.tsx";
import { attempt, RemedyButton } from "../state/notify.tsx";
import { formatRoute } from "../state/route.ts";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { bytes } from "../ui/times.ts";
import classes from "./bundle-import.module.css";
import {
  type FileLook,
  type ImportOutcome,
  type ImportStage,
  importBundle,
  importSummary,
  lookOf,
} from "./import-bundle.ts";

type Shown =
  | { is: "working"; fileName: string; detail: string; stage: ImportStage }
  | { is: "done"; outcomes: ImportOutcome[] };

const STAGE_LABELS: Record<ImportStage, string> = {
  sending: "Uploading",
  reading: "Reading it as a trace",
  verifying: "Verifying format, hashes, sizes and paths",
  importing: "Importing the runs",
};

interface GivenFile {
  name: string;
  detail: string;
  upload(signal: AbortSignal): Promise<Upload>;
  /** A bundle unless it says otherwise. */
  look?: () => Promise<FileLook>;
}

export interface BundleImport {
  isBusy: boolean;
  /** `folders`: names of dropped folders, which a page cannot import. */
  take(files: readonly File[], folders?: readonly string[]): void;
  /** Opens the host's file dialog, where it has one. */
  choose(): void;
  /** The same for a trace. */
  chooseTrace(): void;
  /** To be rendered in the page. */
  dialog: ReactNode;
}

/** Imports bundles one after another, and shows the progress and the result of each. */
export function useBundleImport(): BundleImport {
  const { client } = useStores();
  const [shown, setShown] = useState<Shown>();
  const stop = useRef<AbortController>(undefined);

  const work = async (files: readonly GivenFile[]) => {
    stop.current?.abort(new Error("another import was started"));
    const controller = new AbortController();
    const { signal } = controller;
    stop.current = controller;
    const outcomes: ImportOutcome[] = [];
    try {
      for (const { name, detail, upload, look = async () => "bundle" as const } of files) {
        const door = {
          upload,
          verify: (id: string, until: AbortSignal) => client.call.bundles.verify({ upload: id }, { signal: until }),
          import: (id: string) => client.call.bundles.import({ upload: id }),
          openTrace: (id: string, until: AbortSignal) => client.call.traces.open({ upload: id }, { signal: until }),
        };
        const onStage = (stage: ImportStage) => setShown({ is: "working", fileName: name, detail, stage });
        outcomes.push(await importBundle(door, name, onStage, signal, await look()));
      }
    } catch {
      // Only a cancellation throws.
      if (stop.current !== controller) return;
    }
    setShown(outcomes.length === 0 ? undefined : { is: "done", outcomes });
  };

  return {
    isBusy: shown?.is === "working",
    take: (files, folders = []) =>
      void work([
        ...files.map((file) => ({
          name: file.name,
          detail: bytes(file.size),
          upload: (signal: AbortSignal) => client.upload(file, signal),
          look: async () => lookOf(new Uint8Array(await file.slice(0, 64).arrayBuffer())),
        })),
        ...folders.map((name) => ({ name, detail: "a folder", upload: refuseFolder })),
      ]),
    chooseTrace: () =>
      void attempt("No file could be chosen", () => client.call.traces.choose()).then((chosen) => {
        if (chosen == null) return;
        const look = async () => "trace" as const;
        void work([{ name: chosen.fileName, detail: bytes(chosen.bytes), upload: async () => chosen, look }]);
      }),
    choose: () =>
      void attempt("No file could be chosen", () => client.call.bundles.choose()).then((chosen) => {
        if (chosen == null) return;
        void work([{ name: chosen.fileName, detail: bytes(chosen.bytes), upload: async () => chosen }]);
      }),
    dialog: (
      <Modal
        opened={shown !== undefined}
        onClose={() => shown?.is === "done" && setShown(undefined)}
        withCloseButton={shown?.is === "done"}
        closeButtonProps={{ "aria-label": "Close" }}
        title={shown?.is === "working" ? `Importing ${shown.fileName}` : "Import"}
        size="lg"
      >
        {shown?.is === "working" && <Working {...shown} onCancel={() => stop.current?.abort(new Error("cancelled"))} />}
        {shown?.is === "done" && <Done outcomes={shown.outcomes} onClose={() => setShown(undefined)} />}
      </Modal>
    ),
  };
}

async function refuseFolder(): Promise<never> {
  throw new LabFailure("bad-input", "it is a folder, and one file is imported at a time", {
    hint: "drop the exported zip file, or run `resilience-lab bundle import FOLDER`",
  });
}

function Working({ detail, stage, onCancel }: { detail: string; stage: ImportStage; onCancel: () => void }) {
  return (
    <div className={classes.working} role="status">
      <Loader size="sm" aria-hidden />
      <span>
        {STAGE_LABELS[stage]} ({detail})
      </span>
      <ReasonedButton
        variant="default"
        disabledBecause={stage === "importing" ? "The runs are being written and cannot be cancelled" : undefined}
        onClick={onCancel}
      >
        Cancel
      </ReasonedButton>
    </div>
  );
}

function Done({ outcomes, onClose }: { outcomes: readonly ImportOutcome[]; onClose: () => void }) {
  return (
    <div className={classes.outcomes}>
      {outcomes.map((outcome) => (
        <section key={outcome.fileName} data-outcome={outcome.is} role={isDone(outcome) ? "status" : "alert"}>
          {isDone(outcome) ? <IconCheck size={16} aria-hidden /> : <IconAlertTriangle size={16} aria-hidden />}
          <div>
            <h3>{outcome.fileName}</h3>
            <Outcome outcome={outcome} onClose={onClose} />
          </div>
        </section>
      ))}
      <Button variant="default" onClick={onClose} data-autofocus>
        Close
      </Button>
    </div>
  );
}

function isDone({ is }: ImportOutcome): boolean {
  return is === "imported" || is === "opened";
}

const SHOWN_LINES = 12;

function Outcome({ outcome, onClose }: { outcome: ImportOutcome; onClose: () => void }) {
  if (outcome.is === "failed") {
    return (
      <p>
        Nothing was imported: {outcome.message} <RemedyButton text={outcome.message} />
      </p>
    );
  }
  if (outcome.is === "opened") {
    const { runId, title, spans, problems, isAlreadyHere } = outcome.trace;
    return (
      <>
        <p>{isAlreadyHere ? "Already in the history" : `A trace with ${spans.toLocaleString()} spans`}.</p>
        <Lines
          lines={[
            {
              key: runId,
              content: (
                <a href={formatRoute({ at: "run", runId })} onClick={onClose}>
                  {visibleLine(title)}
                </a>
              ),
            },
            ...problems.map((problem) => ({ key: problem, content: `Not read: ${visibleLine(problem)}` })),
          ]}
        />
      </>
    );
  }
  if (outcome.is === "refused") {
    return (
      <>
        <p>Nothing was imported. The bundle is not valid:</p>
        <Lines lines={outcome.problems.map((problem) => ({ key: problem, content: problem }))} />
      </>
    );
  }
  return (
    <>
      <p>{importSummary(outcome)}.</p>
      {outcome.viewerDiffers && (
        <p>
          Its index.html is not the one that this lab would write: another version wrote it, or someone changed it. The
          lab neither keeps nor opens it.
        </p>
      )}
      <Lines
        lines={[
          ...outcome.imported.map(({ runId, scenarioTitle }) => ({ runId, label: visibleLine(scenarioTitle) })),
          ...outcome.alreadyHere.map((runId) => ({ runId, label: `Already in the history: ${runId.slice(0, 8)}` })),
        ].map(({ runId, label }) => ({
          key: runId,
          content: (
            <a href={formatRoute({ at: "run", runId })} onClick={onClose}>
              {label}
            </a>
          ),
        }))}
      />
    </>
  );
}

function Lines({ lines }: { lines: { key: string; content: ReactNode }[] }) {
  const rest = lines.length - SHOWN_LINES;
  return (
    <ul>
      {lines.slice(0, SHOWN_LINES).map(({ key, content }) => (
        <li key={key}>{content}</li>
      ))}
      {rest > 0 && <li>and {rest} more</li>}
    </ul>
  );
}
