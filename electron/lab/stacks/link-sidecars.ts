import type { ImageBuilding } from "./image-building.ts";
import type { DirectLink } from "./stack-file.ts";

/** Sends a request to the API of the fault proxy that carries a link. @throws Error when it does not answer */
export type AskProxy = (method: string, path: string, body?: unknown) => Promise<{ status: number; body: string }>;

/** A fault as a sidecar knows it. */
export interface SidecarFault {
  id: string;
  /** The sidecar outlives this process with it. */
  isStanding: boolean;
  forMs: number;
  /** Puts the fault on the link; repeated on a new sidecar when the caller or the callee has restarted. */
  arm(ask: AskProxy, forMs: number): Promise<void>;
}

/** Who is told what the proxies of sidecars record. */
export interface LinkListener {
  /** Links whose bodies are wanted. */
  bodiesOf: readonly string[];
  hit(hit: unknown): void;
  /** @param source the sidecar that numbers it */
  call(call: unknown, source: object): void;
  /** No call after this number, which belongs to a call, has been left out. */
  callsUpTo(seq: number, link: string, source: object): void;
}

/** Takes a fault off the link. Resolves to how many requests it affected, where that is counted. */
export type Disarm = (ask: AskProxy) => Promise<number | undefined>;

/**
 * Breaks links from within their caller's network namespace, by one container for each link that redirects connections to
 * the callee through a fault proxy. Nothing of the project is changed.
 */
export interface LinkSidecars {
  /**
   * Has the image for sidecars built if it is not there.
   * @throws LabError `precondition` with the reason when it cannot be built
   */
  ensureImage(building: ImageBuilding): Promise<unknown>;
  /**
   * {@link ensureImage}, and checks what can be known without a change.
   * @throws LabError `unsupported` or `precondition` with the reason why the link cannot be broken
   */
  prepare(link: DirectLink): Promise<void>;
  /**
   * {@link prepare}, and tries whether the way that will be used works. Resolves to that way, and what it misses, as a text.
   * @throws LabError `unsupported`
   */
  preflight(link: DirectLink): Promise<string>;
  /**
   * Resolves to the way that it is in force, and what that misses, as a text, where it is not the one that the link asks for.
   * @throws LabError `unsupported` when nothing is in force then; after any other error that is unknown
   */
  apply(link: DirectLink, fault: SidecarFault): Promise<string | undefined>;
  /**
   * Takes a fault off its link, and removes rules and sidecar when none is left. Needs nothing but what the journal has, and
   * may be repeated in any process.
   * @param isApplied false when it is not known that the container was ever started
   */
  undo(link: DirectLink, fault: string, isApplied: boolean, disarm: Disarm): Promise<{ hits: number | undefined }>;
  /**
   * Why a fault is no longer in force; undefined when it is, when that is not known, or while a restarted caller is followed.
   * @param isArmed asks the proxy of a sidecar of this process
   */
  whyEnded(link: DirectLink, fault: string, isArmed: (ask: AskProxy) => Promise<boolean>): Promise<string | undefined>;
  /** The links of the project that sidecars of any lab carry now, each with the fault that the sidecar was created for. */
  present(): Promise<{ link: string; fault: string }[]>;
  /**
   * Reports what the proxies of sidecars of this process record, each record once: on those that start from now on, calls
   * are read, too. Ends when what it returns is called.
   */
  follow(listener: LinkListener): () => void;
  /** Reports the records so far that were not reported yet. Resolves to false when one of the proxies could not be read. */
  readRecords(): Promise<boolean>;
  /** To be called when a container of a service has started or ended. */
  serviceChanged(service: string): void;
  /** Leaves sidecars with standing faults to themselves, and ends all others. */
  close(): Promise<void>;
}
