import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";
import type { SessionRegistry } from "./session-registry.ts";

/** The HTTP layer's interface to its connection's link. */
export interface LayerLink {
  /** In the order they were added. */
  httpToxics(): readonly Toxic[];
  /** False once the toxic is removed: its planned effects must not happen any more. */
  isArmed(toxic: Toxic): boolean;
  sessions: SessionRegistry;
  /** A counter of events that orders toxics and sessions. */
  nextEvent(): number;
}

/** The HTTP layer's interface to its connection. */
export interface LayerHost {
  link: LayerLink;
  /** Number of the connection. */
  connection: number;
  /** The side that sent last, at the upstream's end of the lanes. */
  lastFrom(): "client" | "server" | undefined;
  toServer(chunk: Buffer): void;
  endServer(): void;
  toClient(chunk: Buffer): void;
  endClient(): void;
  /** The amount of held data has changed. */
  settle(): void;
  hit(toxic: Toxic, effect: string, request?: RequestInfo): void;
  /** Closes the connection after the client's pending data is sent. */
  close(): void;
  /** An immediate TCP reset of both sides. */
  reset(): void;
  /** Detaches the layer; permanently if the connection is `opaque`. */
  leave(isOpaque: boolean): void;
}
