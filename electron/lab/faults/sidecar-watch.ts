import type { LinkListener, LinkSidecars } from "../stacks/link-sidecars.ts";
import type { RunningStack } from "../stacks/running-stack.ts";
import { isProxied } from "../stacks/stack-file.ts";
import type { HitLogger } from "./hit-logger.ts";
import { readHit } from "./proxy-hits.ts";
import { WireSequence, type WireTaker } from "./wire-logger.ts";
import { readWireRecord } from "./wire-records.ts";

/** Follows the hits and the calls on links that sidecars carry. */
export class SidecarWatch {
  readonly #sidecars: LinkSidecars;
  readonly #unsubscribe: () => void;

  private constructor(sidecars: LinkSidecars, listener: LinkListener) {
    this.#sidecars = sidecars;
    this.#unsubscribe = sidecars.follow(listener);
  }

  /**
   * Undefined for a stack without such links.
   * @param bodiesOf links whose bodies are wanted
   */
  static start(
    { stack, driver }: RunningStack,
    hits: Pick<HitLogger, "take">,
    calls: WireTaker,
    bodiesOf: readonly string[] = [],
  ): SidecarWatch | undefined {
    if (driver.sidecars === undefined || stack.links.every(isProxied)) return undefined;
    const sequences = new WeakMap<object, WireSequence>();
    const sequenceOf = (source: object, link: string): WireSequence => {
      const known = sequences.get(source) ?? new WireSequence(calls, link);
      sequences.set(source, known);
      return known;
    };
    return new SidecarWatch(driver.sidecars, {
      bodiesOf,
      hit: (hit) => hits.take(readHit(hit)),
      call(data, source) {
        const call = readWireRecord(data);
        sequenceOf(source, call.link).take(call);
      },
      callsUpTo: (seq, link, source) => sequenceOf(source, link).skipTo(seq),
    });
  }

  /** Reads what was recorded so far. Resolves to false when a sidecar is unreachable. */
  read(): Promise<boolean> {
    return this.#sidecars.readRecords();
  }

  close(): void {
    this.#unsubscribe();
  }
}
