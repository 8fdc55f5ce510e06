import type { YamlDocument } from "../documents/yaml-document.ts";
import type { StackDocument } from "./stack-schema.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

/** A compose file, and what the lab has read of it. */
export interface ReadStack {
  /** The document with its variables filled in, for problems that are found later. */
  filled: YamlDocument;
  parsed: StackDocument;
}
