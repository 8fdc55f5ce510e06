import type { StreamMessage, SubscribeRequest } from "../../../contract/events.ts";
import type { RunStore } from "../../history/run-store.ts";
import type { Telemetry } from "../../telemetry/telemetry.ts";
import type { RunFeeds } from "./run-feeds.ts";
import { runStream } from "./run-stream.ts";
import type { StatePublisher } from "./state-publisher.ts";
import { type OpenStream, type PageConnection, StreamRegistry } from "./stream-registry.ts";
import { telemetryStream } from "./telemetry-stream.ts";

/** What windows subscribe to: how everything stands, and the events of one run. */
export class EventStreams {
  readonly #registry = new StreamRegistry();
  readonly #store: RunStore;
  readonly #feeds: RunFeeds;
  readonly #state: StatePublisher;
  readonly #telemetry: Telemetry;

  constructor(store: RunStore, feeds: RunFeeds, state: StatePublisher, telemetry: Telemetry) {
    this.#store = store;
    this.#feeds = feeds;
    this.#state = state;
    this.#telemetry = telemetry;
  }

  /** Counts of all streams since the start, for the diagnostics. */
  totals() {
    const { progressSkipped, fedFromHistory } = this.#registry;
    return { ...this.#registry.totals(), progressSkipped, fedFromHistory };
  }

  /** @throws LabError for one stream too many, and the signal's reason once the window has gone */
  async *subscribe(
    request: SubscribeRequest,
    connection: PageConnection,
    gone: AbortSignal,
  ): AsyncGenerator<StreamMessage, void> {
    const { credit, close } = connection.open(request.subscription);
    const stream: OpenStream = { credit, behind: () => 0 };
    const forget = this.#registry.add(stream);
    try {
      if (request.topic === "lab") return yield* this.#state.stream(stream, gone);
      if (request.topic === "telemetry") {
        return yield* telemetryStream({ ...request, history: this.#store, telemetry: this.#telemetry }, stream, gone);
      }
      const { runId, afterSeq } = request;
      const feed = this.#feeds.get(runId);
      const parts = { history: this.#store, registry: this.#registry, texts: connection.texts };
      yield* runStream({ runId, afterSeq, feed, ...parts }, stream, gone);
    } finally {
      forget();
      close();
    }
  }
}
