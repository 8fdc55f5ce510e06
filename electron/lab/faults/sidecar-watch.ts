import type { LinkSidecars } from "../stacks/link-sidecars.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { isProxied } from "../stacks/stack-file.ts";
import type { HitLogger } from "./hit-logger.ts";
import { readHit } from "./proxy-hits.ts";

/** Follows the hits on links that sidecars carry, through a run. */
export class SidecarWatch {
  readonly #sidecars: LinkSidecars;
  readonly #unsubscribe: () => void;

  private constructor(sidecars: LinkSidecars, hits: HitLogger) {
    this.#sidecars = sidecars;
    this.#unsubscribe = sidecars.onHit((hit) => hits.take(readHit(hit)));
  }

  /** Undefined for a stack without such links. */
  static start({ stack, driver }: RunningStack, hits: HitLogger): SidecarWatch | undefined {
    if (driver.sidecars === undefined || stack.links.every(isProxied)) return undefined;
    return new SidecarWatch(driver.sidecars, hits);
  }

  /** Reads the hits recorded so far. Resolves to false when a sidecar is unreachable. */
  read(): Promise<boolean> {
    return this.#sidecars.readHits();
  }

  close(): void {
    this.#unsubscribe();
  }
}
