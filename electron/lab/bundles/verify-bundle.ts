import { BundleProblem } from "./bundle-problem.ts";
import { type BundleLimits, LIMITS } from "./format.ts";
import { type ReadResult, readBundle } from "./read-bundle.ts";
import type { ViewerBuild } from "./viewer/viewer-build.ts";

export interface Verified {
  isValid: boolean;
  /** The problems, with the next step where it is known. Empty for a valid bundle. */
  problems: string[];
  runs: { runId: string; scenarioTitle: string; outcome: string; events: number }[];
  createdBy: string;
  redacted: Record<string, number>;
  /** See ReadResult; undefined as well for a bundle that is not valid. */
  viewerDiffers: boolean | undefined;
}

const NOTHING = { begin: async () => {}, take: () => undefined, takeTelemetry: () => undefined, end: async () => {} };

/** Validates a bundle like an import, and stores nothing. @throws only when cancelled */
export async function verifyBundle(
  file: string,
  options: {
    signal?: AbortSignal;
    limits?: BundleLimits;
    viewer?: ViewerBuild;
    onBytes?: (done: number, total: number) => void;
    /** Whose next step a problem names. */
    host?: "terminal" | "window";
  } = {},
): Promise<Verified> {
  const {
    host = "terminal",
    signal = new AbortController().signal,
    limits = LIMITS,
    onBytes = () => {},
    viewer,
  } = options;
  try {
    return valid(await readBundle({ file, limits, signal, onBytes, ...(viewer && { viewer }) }, NOTHING));
  } catch (error) {
    if (!(error instanceof BundleProblem)) throw error;
    const hint = host === "window" ? error.windowHint : error.hint;
    const problem = hint === undefined ? error.message : `${error.message}; ${hint}`;
    return { isValid: false, problems: [problem], runs: [], createdBy: "", redacted: {}, viewerDiffers: undefined };
  }
}

function valid({ manifest: { runs, createdBy, redacted }, viewerDiffers }: ReadResult): Verified {
  return {
    isValid: true,
    problems: [],
    runs: runs.map(({ id, scenarioTitle, outcome, events }) => ({ runId: id, scenarioTitle, outcome, events })),
    createdBy,
    redacted,
    viewerDiffers,
  };
}
