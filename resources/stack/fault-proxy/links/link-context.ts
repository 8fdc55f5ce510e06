import type { LayerLink } from "../http-faults/layer-host.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";
import type { WireTap } from "../wire/wire-tap.ts";
import type { HeldBytes } from "./lane.ts";

/** A connection's interface to its link. */
export interface LinkContext extends LayerLink {
  readonly name: string;
  readonly wire: WireTap;
  /** In the order they were added. */
  toxics(): readonly Toxic[];
  held: HeldBytes;
  hit(toxic: Toxic, connection: number, effect: string, request: RequestInfo | undefined): void;
}
