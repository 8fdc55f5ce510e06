/** For whoever waits while an image of the lab's own is built, which happens once on an engine. */
export interface ImageBuilding {
  /** Ends the build. */
  signal: AbortSignal;
  /** Called with its steps, and not at all where the image is there. */
  report: (step: string) => void;
}

/** Nobody is shown it, and nobody ends it. */
export const UNSEEN_BUILDING: ImageBuilding = { signal: new AbortController().signal, report: () => {} };
