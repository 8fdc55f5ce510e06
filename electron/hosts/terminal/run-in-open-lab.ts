import { randomUUID } from "node:crypto";
import type { QueuedRun, QueueStore } from "../../lab/history/queue-store.ts";
import type { LockOwner } from "../../lab/journal/journal.ts";
import type { Lab } from "../../lab/lab.ts";
import { pauseFor } from "../../lab/pause-for.ts";
import { isSameLab, openLabLabels, openLabOf } from "../../lab/queue/open-lab.ts";
import { submitRun } from "../../lab/queue/submit-run.ts";
import { queueSituation, waitReason } from "../../lab/queue/wait-reason.ts";
import { writeScenario } from "../../lab/queue/written-scenario.ts";
import type { LoadedScenario } from "../../lab/scenarios/load.ts";
import { WakeUp } from "../../lab/wake-up.ts";
import type { LabEvent } from "../../model/lab-event.ts";

/** The lab may end without a word. */
const LAB_POLL_MS = 1_000;
/** Where the database does not notify of changes. */
const POLL_MS = 100;
/** Several changes are read at once. */
const GATHER_MS = 20;
const EVENTS_AT_ONCE = 500;
/** A person may leave a paced run, or the queue, waiting. */
const DEADLINE_S = 86_400;

/** A run for the lab that is open. */
export interface RunThere {
  loaded: LoadedScenario;
  without: readonly string[];
  number: number;
  of: number;
  showsFailure: boolean;
  isCompared: boolean;
  listen: (event: LabEvent) => void;
  /** @param why null for a run that is about to begin */
  onWaiting: (why: string | null) => void;
}

export interface OpenLabOptions {
  acceptExisting: boolean;
  keepRaw: boolean;
  agent: string | undefined;
  /** The stack that the command names; undefined for whichever is open. */
  wanted: { project: string; driver: "process" | "docker" | undefined } | undefined;
}

/** `gone`: the lab has ended, and the run with it. A run that did not start has the reason. */
export type RanThere = { is: "ended" } | { is: "not started"; reason: string } | { is: "gone" };

/** The lab with a window that has this data folder open: a command's runs are submitted to it and followed. */
export class OpenLab {
  readonly owner: LockOwner;
  readonly #lab: Lab;
  readonly #queue: QueueStore;
  readonly #options: OpenLabOptions;
  readonly #signal: AbortSignal;
  readonly #batch = randomUUID();

  private constructor(lab: Lab, owner: LockOwner, queue: QueueStore, options: OpenLabOptions, signal: AbortSignal) {
    this.#lab = lab;
    this.owner = owner;
    this.#queue = queue;
    this.#options = options;
    this.#signal = signal;
  }

  static async join(lab: Lab, owner: LockOwner, options: OpenLabOptions, signal: AbortSignal): Promise<OpenLab> {
    return new OpenLab(lab, owner, await lab.openQueue(), options, signal);
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  /** Resolves when the run has ended there, and everything is restored. An abort cancels this run alone. */
  async run({ loaded, without, listen, onWaiting, ...place }: RunThere): Promise<RanThere> {
    const { acceptExisting, keepRaw, agent, wanted } = this.#options;
    const { terminal, accepting } = openLabLabels(this.#lab.home, this.owner);
    const submitted = await submitRun(this.#queue, {
      spec: {
        scenario: writeScenario(loaded, agent),
        stack: {
          kind: "open",
          lab: acceptExisting ? accepting : terminal,
          hasOneAttempt: true,
          ...wanted,
        },
        without,
        acceptExisting,
        ...(keepRaw ? { raw: true } : {}),
        shown: { batch: { ...place, id: this.#batch, isPaced: false }, pace: "none", isAttended: false },
        deadlineS: DEADLINE_S,
      },
    });
    if (submitted.is === "conflict") throw new Error("a new id has another spec");
    return this.#follow(submitted.run.runId, listen, onWaiting);
  }

  async #follow(runId: string, listen: (event: LabEvent) => void, onWaiting: RunThere["onWaiting"]): Promise<RanThere> {
    const cancel = () => void this.#queue.cancel(runId).catch(() => {});
    if (this.#signal.aborted) cancel();
    this.#signal.addEventListener("abort", cancel, { once: true });
    const at = { historyRun: undefined as string | undefined, seq: 0 };
    let lookedMs = Number.NEGATIVE_INFINITY;
    let isThere = true;
    let isToSay = true;
    const wakeUp = new WakeUp();
    const stopListening = this.#lab.onStoreChange(() => wakeUp.wake());
    const goesOn = new AbortController().signal;
    try {
      for (;;) {
        if (performance.now() - lookedMs > LAB_POLL_MS) {
          isThere = isSameLab(openLabOf(this.#lab.home), this.owner);
          lookedMs = performance.now();
          isToSay = true;
        }
        // Read after that, and before the events: of a run that has ended there are no more.
        const run = await this.#queue.get(runId);
        if (run?.state === "queued" && isToSay) {
          isToSay = false;
          onWaiting(waitReason(run, await queueSituation(this.#queue))?.why ?? null);
        }
        await this.#events(runId, at, listen);
        if (run === undefined || run.state === "ended") return endOf(run, at.historyRun);
        if (!isThere) {
          cancel();
          return { is: "gone" };
        }
        await wakeUp.wait(stopListening === undefined ? POLL_MS : LAB_POLL_MS, goesOn);
        await pauseFor(GATHER_MS, goesOn);
      }
    } finally {
      stopListening?.();
      this.#signal.removeEventListener("abort", cancel);
    }
  }

  async #events(
    runId: string,
    at: { historyRun: string | undefined; seq: number },
    listen: (event: LabEvent) => void,
  ): Promise<void> {
    const { history } = this.#lab;
    if (at.historyRun === undefined) {
      const id = (await this.#queue.attempts(runId)).at(-1)?.historyRuns.at(-1);
      if (id === undefined || !(await history.has(id))) return;
      at.historyRun = id;
    }
    for (let hasMore = true; hasMore; ) {
      const page = await history.eventPage({ runId: at.historyRun, afterSeq: at.seq, limit: EVENTS_AT_ONCE });
      for (const event of page.events) {
        at.seq = event.seq;
        listen(event);
      }
      hasMore = page.hasMore;
    }
  }
}

/** A lab that ends in order gives its run back, which has no other attempt. */
function endOf(run: QueuedRun | undefined, historyRun: string | undefined): RanThere {
  if (run?.outcome === "interrupted") return { is: "gone" };
  if (historyRun !== undefined) return { is: "ended" };
  return { is: "not started", reason: run?.reason ?? "it was removed from the queue" };
}
