import type Dockerode from "dockerode";
import { messageOf } from "../../lab-error.ts";
import { inspectAll, LABEL } from "./compose-labels.ts";
import { afterEvent, type ContainerView, sameView, viewOfReplicas } from "./container-view.ts";
import { EVENT_ACTIONS, readEvent } from "./event-shape.ts";
import { linesOf } from "./json-lines.ts";

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 2_000;

type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/**
 * What the engine says of a project's containers, as it says it. The stream of events gives the moment, a look at the
 * containers after each gap and each event gives the whole: what an event does not tell, or an unknown shape of it, is
 * never missed for long.
 */
export class ProjectWatch {
  readonly #docker: Dockerode;
  readonly #project: string;
  readonly #sleep: Sleep;
  readonly #stop = new AbortController();
  readonly #changeListeners = new Set<(service: string) => void>();
  readonly #noticeListeners = new Set<(message: string) => void>();
  readonly #following: Promise<void>;
  #stream: NodeJS.ReadableStream | undefined;
  /** Undefined while the engine is away: what it said last may no longer be so. */
  #views: Map<string, ContainerView> | undefined;
  /** The service of each container of the project that was seen last. */
  #serviceOf = new Map<string, string>();
  /** Counts events, so that a look which began before one is not taken for the state after it. */
  #heard = 0;
  #looking: Promise<void> | undefined;

  constructor(docker: Dockerode, project: string, sleep: Sleep) {
    this.#docker = docker;
    this.#project = project;
    this.#sleep = sleep;
    this.#following = this.#follow();
  }

  /** False before the first look and while the engine is away. */
  isCurrent(): boolean {
    return this.#views !== undefined;
  }

  view(service: string): ContainerView | undefined {
    return this.#views?.get(service);
  }

  /** Whether the project has no container. */
  isEmpty(): boolean {
    return this.#views?.size === 0;
  }

  /** Called with each service whose container has changed. Ends when what it returns is called. */
  onChange(listener: (service: string) => void): () => void {
    this.#changeListeners.add(listener);
    return () => void this.#changeListeners.delete(listener);
  }

  /** Told when the engine goes away and when it is back. */
  onNotice(listener: (message: string) => void): () => void {
    this.#noticeListeners.add(listener);
    return () => void this.#noticeListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#end();
    await this.#following;
    await this.#looking?.catch(() => {});
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const stream = await this.#docker.getEvents({ filters: EVENT_FILTERS });
        this.#stream = stream;
        if (signal.aborted) break;
        // Only now: what happens while the look is on its way is told by the stream, which is open.
        await this.#lookAtAll();
        if (failures > 0) this.#notify("the Docker engine is back");
        failures = 0;
        for await (const line of linesOf(stream)) this.#take(line);
        throw new Error("it ended its stream of events");
      } catch (error) {
        this.#end();
        if (signal.aborted) break;
        if (failures === 0) this.#notify(`the Docker engine went away: ${messageOf(error)}`);
        this.#replace(undefined);
      }
      await this.#sleep(Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures), signal).catch(() => {});
    }
    this.#end();
  }

  #end(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream !== undefined && "destroy" in stream && typeof stream.destroy === "function") stream.destroy();
  }

  #take(line: string): void {
    const event = readEvent(line);
    if (event === undefined || this.#views === undefined) return;
    const service = this.#serviceOf.get(event.container);
    if (service === undefined && event.project !== this.#project) return;
    this.#heard++;
    const view = service === undefined ? undefined : this.#views.get(service);
    // One of several containers alone does not tell how the service is.
    const isOnly = [...this.#serviceOf.values()].filter((each) => each === service).length === 1;
    if (service !== undefined && view !== undefined && isOnly) this.#set(service, afterEvent(view, event));
    // A look that fails means that the engine went away, which the end of the stream reports.
    void this.#lookAtAll().catch(() => {});
  }

  /** One look at a time; begun again when an event came while it was on its way. */
  #lookAtAll(): Promise<void> {
    this.#looking ??= this.#lookUntilQuiet().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookUntilQuiet(): Promise<void> {
    for (let before = -1; before !== this.#heard; ) {
      before = this.#heard;
      const found = await inspectAll(this.#docker, this.#project);
      if (this.#stop.signal.aborted) return;
      if (before !== this.#heard) continue;
      const views = new Map<string, ContainerView>();
      for (const [service, replicas] of Map.groupBy(found, (each) => each.Config.Labels[LABEL.service] ?? "")) {
        const view = viewOfReplicas(replicas);
        if (view !== undefined) views.set(service, view);
      }
      this.#serviceOf = new Map(found.map(({ Id, Config }) => [Id, Config.Labels[LABEL.service] ?? ""]));
      this.#replace(views);
    }
  }

  #replace(views: Map<string, ContainerView> | undefined): void {
    const before = this.#views;
    this.#views = views;
    for (const service of new Set([...(before?.keys() ?? []), ...(views?.keys() ?? [])])) {
      if (!sameView(before?.get(service), views?.get(service))) this.#tell(service);
    }
  }

  #set(service: string, view: ContainerView): void {
    if (sameView(this.#views?.get(service), view)) return;
    this.#views?.set(service, view);
    this.#tell(service);
  }

  #tell(service: string): void {
    for (const listener of this.#changeListeners) listener(service);
  }

  #notify(message: string): void {
    for (const listener of this.#noticeListeners) listener(message);
  }
}

/** Not by label: a network's events have none, and would be left out. */
const EVENT_FILTERS: { type: ("container" | "network")[]; event: string[] } = {
  type: ["container", "network"],
  event: [...EVENT_ACTIONS],
};
