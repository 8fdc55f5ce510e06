import { arch, release } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Diagnostics } from "../../../contract/diagnostics.ts";
import { systemClock } from "../../clock.ts";
import { LAB_VERSION } from "../../version.ts";
import type { EngineService } from "../engine-service.ts";

const RESOLUTION_MS = 10;
const NANOSECONDS = 1_000_000;

/** What the lab knows of itself, for the about panel. */
export class DiagnosticsService {
  readonly #service: EngineService;
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor(service: EngineService) {
    this.#service = service;
    this.#delay.enable();
  }

  async read(host: Diagnostics["host"]): Promise<Diagnostics> {
    const { queue, history, streams, lab, startedMonotonicMs, notices } = this.#service;
    const { active } = queue.state();
    const running = active.filter(({ state }) => state === "running").length;
    const { rss, heapUsed } = process.memoryUsage();
    const { progressSkipped, fedFromHistory } = streams;
    const eventLoopDelayMs = this.#readDelay();
    return {
      versions: versions(),
      platform: `${process.platform} ${release()} ${arch()}`,
      host,
      dataFolder: lab.home.folder,
      historyBytes: await history.bytes(),
      historyQueue: { waiting: history.durability.waitingEvents, refused: history.durability.refusedEvents },
      uptimeMs: systemClock.monotonicMs() - startedMonotonicMs,
      queue: { queued: active.length - running, running },
      eventLoopDelayMs,
      memory: { rssBytes: rss, heapUsedBytes: heapUsed },
      streams: { ...streams.totals(), progressSkipped, fedFromHistory },
      notices: [...notices],
    };
  }

  close(): void {
    this.#delay.disable();
  }

  /** Since the last time it was read. The histogram counts the timer's own resolution as delay; that is taken off. */
  #readDelay(): Diagnostics["eventLoopDelayMs"] {
    const toMs = (nanoseconds: number) => Math.max(0, (nanoseconds || 0) / NANOSECONDS - RESOLUTION_MS);
    const read = {
      p50: toMs(this.#delay.percentile(50)),
      p99: toMs(this.#delay.percentile(99)),
      max: this.#delay.count > 0 ? toMs(this.#delay.max) : 0,
    };
    this.#delay.reset();
    return read;
  }
}

function versions(): Record<string, string> {
  const { node, electron, chrome } = process.versions;
  return {
    "Resilience Lab": LAB_VERSION,
    Node: node,
    ...(electron === undefined ? {} : { Electron: electron }),
    ...(chrome === undefined ? {} : { Chromium: chrome }),
  };
}
