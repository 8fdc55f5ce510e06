/** Time limit of a call: a closed MessagePort never answers, and the page must not wait for ever. */
const USUAL_LIMIT_MS = 15_000;

/** Calls that bring services up or restore them, or wait for a dialog. */
const LONGER: Record<string, number> = {
  "stack.up": 180_000,
  "stack.down": 180_000,
  "stack.fault": 60_000,
  "stack.undo": 180_000,
  "stack.start": 60_000,
  "stack.halt": 180_000,
  "bundles.export": 600_000,
  "bundles.choose": 600_000,
  "bundles.verify": 120_000,
  "bundles.import": 300_000,
  "bundles.exportFile": 600_000,
  "bundles.exportReport": 600_000,
  "traces.open": 120_000,
  "traces.choose": 600_000,
  "traces.pull": 60_000,
  "traces.evaluate": 120_000,
  "traces.saveExpected": 600_000,
  "history.samples": 120_000,
};

export function limitOf(path: readonly string[]): number {
  return LONGER[path.join(".")] ?? USUAL_LIMIT_MS;
}
