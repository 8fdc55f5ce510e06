/**
 * At most `limit` calls at a backend at once, and as many waiting for a place until their deadline: one that hangs holds
 * no more of the gateway than that (Nygard, Release It!).
 */
import type { RequestOptions, Upstream } from "../upstream.ts";
import { UpstreamFailure } from "../upstream-failure.ts";
import { around } from "./around.ts";

interface Waiting {
  take: () => void;
}

export function bulkhead(next: Upstream, limit: number): Upstream {
  const waiting = new Set<Waiting>();
  let running = 0;

  const enter = async ({ deadlineMs, signal }: RequestOptions): Promise<void> => {
    if (running < limit) {
      running += 1;
      return;
    }
    if (waiting.size >= limit) {
      throw new UpstreamFailure("not-sent", `bulkhead full: ${limit} calls are in progress, ${limit} wait`);
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (reason: unknown): void => {
        waiting.delete(entry);
        end();
        reject(reason);
      };
      const onAbort = (): void => leave(signal?.reason);
      const late = `bulkhead full: no place within the deadline of ${deadlineMs} ms`;
      const timer = setTimeout(() => leave(new UpstreamFailure("not-sent", late)), deadlineMs);
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const entry: Waiting = {
        take: () => {
          end();
          resolve();
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      if (signal?.aborted) onAbort();
      else waiting.add(entry);
    });
  };

  /** The place goes to the one that has waited longest. */
  const leave = (): void => {
    const [first] = waiting;
    if (!first) {
      running -= 1;
      return;
    }
    waiting.delete(first);
    first.take();
  };

  return around(next, async (method, params, options) => {
    const arrivedAtMs = performance.now();
    await enter(options);
    try {
      const leftMs = Math.max(1, Math.round(options.deadlineMs - (performance.now() - arrivedAtMs)));
      return await next.request(method, params, { ...options, deadlineMs: leftMs });
    } finally {
      leave();
    }
  });
}
