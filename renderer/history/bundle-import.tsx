import { Button, Loader, Modal } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { type ReactNode, useRef, useState } from "react";
import type { Upload } from "../../electron/contract/bundles.ts";
import { useStores } from "../state/lab-context.tsx";
import { formatRoute } from "../state/route.ts";
import { attempt } from "../state/tell.tsx";
import { ReasonedButton } from "../ui/reasoned-button.tsx";
import { bytes } from "../ui/times.ts";
import classes from "./bundle-import.module.css";
import { type ImportOutcome, type ImportStage, importBundle, importedWords } from "./import-bundle.ts";

type Shown =
  | { is: "working"; fileName: string; detail: string; stage: ImportStage }
  | { is: "done"; outcomes: ImportOutcome[] };

const STAGE_WORDS: Record<ImportStage, string> = {
  sending: "Giving the file to the lab",
  verifying: "Checking it: format, hashes, sizes, paths",
  importing: "Taking its runs into the history",
};

interface GivenFile {
  name: string;
  detail: string;
  upload(signal: AbortSignal): Promise<Upload>;
}

export interface BundleImport {
  isBusy: boolean;
  take(files: readonly File[]): void;
  /** By the host's own dialog, where it has one. */
  choose(): void;
  /** To be put somewhere in the page. */
  dialog: ReactNode;
}

/** Takes bundles into the history, one after another, and shows how far it is and what came of each. */
export function useBundleImport(): BundleImport {
  const { client } = useStores();
  const [shown, setShown] = useState<Shown>();
  const stop = useRef<AbortController>(undefined);

  const work = async (files: readonly GivenFile[]) => {
    stop.current?.abort(new Error("another import was begun"));
    const controller = new AbortController();
    const { signal } = controller;
    stop.current = controller;
    const outcomes: ImportOutcome[] = [];
    try {
      for (const { name, detail, upload } of files) {
        const door = {
          upload,
          verify: (id: string, until: AbortSignal) => client.call.bundles.verify({ upload: id }, { signal: until }),
          import: (id: string) => client.call.bundles.import({ upload: id }),
        };
        const onStage = (stage: ImportStage) => setShown({ is: "working", fileName: name, detail, stage });
        outcomes.push(await importBundle(door, name, onStage, signal));
      }
    } catch {
      // Cancelled: only the person who did so can have caused it.
      if (stop.current !== controller) return;
    }
    setShown(outcomes.length === 0 ? undefined : { is: "done", outcomes });
  };

  return {
    isBusy: shown?.is === "working",
    take: (files) =>
      void work(
        files.map((file) => ({
          name: file.name,
          detail: bytes(file.size),
          upload: (signal) => client.upload(file, signal),
        })),
      ),
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

function Working({ detail, stage, onCancel }: { detail: string; stage: ImportStage; onCancel: () => void }) {
  return (
    <div className={classes.working} role="status">
      <Loader size="sm" aria-hidden />
      <span>
        {STAGE_WORDS[stage]} ({detail})
      </span>
      <ReasonedButton
        variant="default"
        disabledBecause={
          stage === "importing"
            ? "Its runs are being written: this takes moments and is whole or not at all"
            : undefined
        }
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
        <section key={outcome.fileName} data-outcome={outcome.is} role={outcome.is === "imported" ? "status" : "alert"}>
          {outcome.is === "imported" ? (
            <IconCheck size={16} aria-hidden />
          ) : (
            <IconAlertTriangle size={16} aria-hidden />
          )}
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

const SHOWN_LINES = 12;

function Outcome({ outcome, onClose }: { outcome: ImportOutcome; onClose: () => void }) {
  if (outcome.is === "failed") {
    return (
      <p>
        Nothing was imported: {outcome.message}.{outcome.hint !== null && ` Fix: ${outcome.hint}.`}
      </p>
    );
  }
  if (outcome.is === "refused") {
    return (
      <>
        <p>Refused, and nothing of it was imported:</p>
        <Lines lines={outcome.problems.map((problem) => ({ key: problem, content: problem }))} />
      </>
    );
  }
  return (
    <>
      <p>{importedWords(outcome)}.</p>
      <Lines
        lines={[
          ...outcome.imported.map(({ runId, scenarioTitle }) => ({ runId, words: scenarioTitle })),
          ...outcome.alreadyHere.map((runId) => ({ runId, words: `Here already: ${runId.slice(0, 8)}` })),
        ].map(({ runId, words }) => ({
          key: runId,
          content: (
            <a href={formatRoute({ at: "run", runId })} onClick={onClose}>
              {words}
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
