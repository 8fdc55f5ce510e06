import type { AskProxy, Disarm, SidecarFault } from "../../link-sidecars.ts";
import type { DirectLink } from "../../stack-file.ts";
import type { CarriedLink } from "./carried-link.ts";
import type { LinkLocation } from "./link-location.ts";

/** A link that sidecars of this process carry: one for each container of its caller. */
export class CarriedLinks {
  readonly link: DirectLink;
  readonly #each: readonly CarriedLink[];

  constructor(link: DirectLink, each: readonly CarriedLink[]) {
    this.link = link;
    this.#each = each;
  }

  /** One of its sidecars has ended, by itself or by someone else. */
  get hasEnded(): boolean {
    return this.#each.some(({ hasEnded }) => hasEnded);
  }

  get isIdle(): boolean {
    return this.#each.every(({ isIdle }) => isIdle);
  }

  has(fault: string): boolean {
    return this.#each.some((each) => each.has(fault));
  }

  async add(fault: SidecarFault): Promise<void> {
    await allDone(this.#each.map((each) => each.add(fault)));
  }

  /** Resolves to the hits on all of them. */
  async take(id: string, disarm: Disarm): Promise<number | undefined> {
    return sumOf(await allDone(this.#each.map((each) => each.take(id, disarm))));
  }

  async readRecords(): Promise<boolean> {
    const read = await Promise.all(this.#each.map((each) => each.readRecords()));
    return !read.includes(false);
  }

  async whyEnded(isArmed: (ask: AskProxy) => Promise<boolean>): Promise<string | undefined> {
    const whys = await Promise.all(this.#each.map((each) => each.whyEnded(isArmed)));
    return whys.find((why) => why !== undefined);
  }

  /** Follows callers that were restarted, and a callee that has moved. */
  async follow(locate: () => Promise<LinkLocation[]>): Promise<void> {
    const locations = locate();
    locations.catch(() => {});
    await allDone(
      this.#each.map((each) =>
        each.follow(async () => {
          const found = await locations;
          const [only, ...others] = found;
          // The only container of a caller may have been recreated, as another one.
          if (this.#each.length === 1 && others.length === 0) return only;
          return found.find(({ caller }) => caller.id === each.caller.id);
        }),
      ),
    );
  }

  /** Resolves to whether all rules are known to be removed, or are still needed by standing faults of an earlier command. */
  async stop(): Promise<boolean> {
    return (await allDone(this.#each.map((each) => each.stop()))).every(Boolean);
  }

  async release(): Promise<void> {
    await allDone(this.#each.map((each) => each.release()));
  }
}

/** Waits for all of them, also where one fails. */
export async function allDone<Value>(work: readonly Promise<Value>[]): Promise<Value[]> {
  const done = await Promise.allSettled(work);
  const failed = done.find((each) => each.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return done.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
}

function sumOf(hits: readonly (number | undefined)[]): number | undefined {
  const counted = hits.filter((each) => each !== undefined);
  return counted.length === 0 ? undefined : counted.reduce((sum, each) => sum + each, 0);
}
