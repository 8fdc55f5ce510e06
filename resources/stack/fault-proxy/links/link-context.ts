import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";
import type { Connection } from "./connection.ts";
import type { HeldBytes } from "./lane.ts";
import type { SessionBook } from "./session-book.ts";

/** What a connection may ask of the link it belongs to. */
export interface LinkContext {
  /** In the order they were added. */
  toxics(): readonly Toxic[];
  httpToxics(): readonly Toxic[];
  /** False once the toxic was removed: whatever was planned with it must not happen any more. */
  isArmed(toxic: Toxic): boolean;
  sessions: SessionBook;
  held: HeldBytes;
  /** Counts what came to be, to say what was there before what. */
  nextEvent(): number;
  hit(toxic: Toxic, connection: number, effect: string, request: RequestInfo | undefined): void;
  closed(connection: Connection): void;
}
