import { useEffect, useState } from "react";
import { type AnnotationChange, NO_ANNOTATIONS, type RunAnnotations } from "../../electron/model/annotations.ts";
import { useLab, useStores } from "./lab-context.tsx";
import { attempt } from "./notify.tsx";

export interface Annotations {
  written: RunAnnotations;
  /** Resolves to true when it is saved; a failure is shown. Undefined for a recorded run. */
  change: ((change: AnnotationChange) => Promise<boolean>) | undefined;
}

/** What persons wrote on a run, in this window and in others. */
export function useAnnotations(runId: string): Annotations {
  const { client } = useStores();
  const version = useLab((state) => state.lab?.historyVersion);
  const [written, setWritten] = useState(NO_ANNOTATIONS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again when the history changes
  useEffect(() => {
    let isCurrent = true;
    // An unreadable history is reported elsewhere.
    client.annotations(runId).then(
      (read) => isCurrent && setWritten(read),
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [client, runId, version]);
  const change = async (wanted: AnnotationChange) => {
    const saved = await attempt("It could not be saved", () => client.call.history.annotate({ runId, change: wanted }));
    if (saved !== undefined) setWritten(saved);
    return saved !== undefined;
  };
  return { written, change: client.hasLab ? change : undefined };
}
