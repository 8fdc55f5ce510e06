/** Missing decisions of a run; their number and their position among the others are unknown too. */
export interface MissingDecisions {
  /** What could not be read, and why, as a text for people. */
  why: string;
  /** Tool and decision, where they could be read from an otherwise unreadable row. */
  tool?: string | undefined;
  decision?: string | undefined;
}

/** Source of the decisions of a run. */
export interface DecisionSource {
  /** Reads all decisions so far. Resolves to true when they have been passed on, to false when it cannot be reached. */
  read(): Promise<boolean>;
  /** What may be missing from the decisions so far. */
  missing(): readonly MissingDecisions[];
  close(): Promise<void>;
}

/** A source without decisions, as on a stack without an audit log. */
export function noDecisions(why: string): DecisionSource {
  return { read: async () => false, missing: () => [{ why }], close: async () => {} };
}
