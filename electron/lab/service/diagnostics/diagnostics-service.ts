import { arch, release } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Diagnostics } from "../../../contract/diagnostics.ts";
import { systemClock } from "../../clock.ts";
import type { RunStore } from "../../history/run-store.ts";
import { LAB_VERSION } from "../../version.ts";
import type { Notices } from "../notices/notices.ts";
import type { RunService } from "../runs/run-service.ts";
import type { EventStreams } from "../streams/event-streams.ts";

const RESOLUTION_MS = 10;
const NANOSECONDS = 1_000_000;

export interface DiagnosticsParts {
  dataFolder: string;
  store: Pick<RunStore, "bytes" | "durability">;
  runs: Pick<RunService, "state">;
  streams: Pick<EventStreams, "totals">;
  notices: Pick<Notices, "list">;
}

/** What the lab knows of itself, for the about panel. */
export class DiagnosticsService {
  readonly #parts: DiagnosticsParts;
  readonly #startedMs = systemClock.monotonicMs();
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor(parts: DiagnosticsParts) {
    this.#parts = parts;
    this.#delay.enable();
  }

  async read(host: Diagnostics["host"]): Promise<Diagnostics> {
    const { dataFolder, store, runs, streams, notices } = this.#parts;
    const { active } = runs.state();
    const running = active.filter(({ state }) => state === "running").length;
    const { rss, heapUsed } = process.memoryUsage();
    const eventLoopDelayMs = this.#readDelay();
    return {
      versions: versions(),
      platform: `${process.platform} ${release()} ${arch()}`,
      host,
      dataFolder,
      historyBytes: await store.bytes(),
      historyQueue: { waiting: store.durability.waitingEvents, refused: store.durability.refusedEvents },
      uptimeMs: systemClock.monotonicMs() - this.#startedMs,
      queue: { queued: active.length - running, running },
      eventLoopDelayMs,
      memory: { rssBytes: rss, heapUsedBytes: heapUsed },
      streams: streams.totals(),
      notices: notices.list(),
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
