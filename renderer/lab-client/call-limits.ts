/** A call that takes longer is given up: a closed MessagePort never answers, and nothing in the page may wait for ever. */
const USUAL_LIMIT_MS = 15_000;

/** Those that bring services up or put them back, or wait for a person at a dialog. */
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
};

export function limitOf(path: readonly string[]): number {
  return LONGER[path.join(".")] ?? USUAL_LIMIT_MS;
}
