import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";
import type { SessionRegistry } from "./session-registry.ts";

/** What the HTTP layer may ask of the link that its connection belongs to. */
export interface LayerLink {
  /** In the order they were added. */
  httpToxics(): readonly Toxic[];
  /** False once the toxic was removed: whatever was planned with it must not happen any more. */
  isArmed(toxic: Toxic): boolean;
  sessions: SessionRegistry;
  /** Counts what came to be, to say what was there before what. */
  nextEvent(): number;
}

/** What the HTTP layer may do to the connection it stands in. */
export interface LayerHost {
  link: LayerLink;
  /** Number of the connection. */
  connection: number;
  /** Who sent last, at the upstream's end of the lanes. */
  lastFrom(): "client" | "server" | undefined;
  toServer(chunk: Buffer): void;
  endServer(): void;
  toClient(chunk: Buffer): void;
  endClient(): void;
  /** What the layer holds back has changed. */
  settle(): void;
  hit(toxic: Toxic, effect: string, request?: RequestInfo): void;
  /** Closes the connection after what was sent to the client has left. */
  close(): void;
  /** A TCP reset to both sides, at once. */
  reset(): void;
  /** The layer steps out of the way; for good where the connection is `opaque`. */
  leave(isOpaque: boolean): void;
}
