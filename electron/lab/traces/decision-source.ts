/** Decisions that a run cannot know: how many there are, and where among those that were read, is not known either. */
export interface MissingDecisions {
  /** For a person: what could not be read, and why. */
  why: string;
  /** The tool and the decision's word, where a row told them though it could not be understood as a whole. */
  tool?: string | undefined;
  decision?: string | undefined;
}

/** Where the decisions of a run come from. */
export interface DecisionSource {
  /** Reads what is there now. Resolves with true when all of it has been given, with false when it cannot be reached. */
  read(): Promise<boolean>;
  /** What may be missing from all that was given so far. */
  missing(): readonly MissingDecisions[];
  close(): Promise<void>;
}

/** A source that gives nothing, as on a stack without an audit log. */
export function noDecisions(why: string): DecisionSource {
  return { read: async () => false, missing: () => [{ why }], close: async () => {} };
}
