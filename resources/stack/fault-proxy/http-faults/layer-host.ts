import type { LinkContext } from "../links/link-context.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";

/** What the HTTP layer may do to the connection it stands in. */
export interface LayerHost {
  link: LinkContext;
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
