/**
 * Identical lists that one client asks for at the same time are one request to the backend. Clients do not share them: a backend
 * may list something else in each session. The request is cancelled once all who wait for it have left.
 */
import type { RequestOptions, Upstream } from "../upstream.ts";
import type { UpstreamReply } from "../upstream-reply.ts";
import { around } from "./around.ts";

const lists: ReadonlySet<string> = new Set(["resources/list", "resources/templates/list", "prompts/list"]);

interface Shared {
  reply: Promise<UpstreamReply>;
  waiting: number;
  cancel: (reason: unknown) => void;
}

export function coalesce(next: Upstream): Upstream {
  const underWay = new Map<string, Shared>();
  const begin = (key: string, send: (signal: AbortSignal) => Promise<UpstreamReply>): Shared => {
    const controller = new AbortController();
    const end = () => {
      if (underWay.get(key) === shared) underWay.delete(key);
    };
    const cancel = (reason: unknown): void => {
      // Who asks from now on is not answered by a request that is being cancelled.
      end();
      controller.abort(reason);
    };
    const shared: Shared = { reply: send(controller.signal).finally(end), waiting: 0, cancel };
    underWay.set(key, shared);
    return shared;
  };
  return around(next, (method, params, options) => {
    // Progress has the token of one request.
    if (!lists.has(method) || options.onProgress) return next.request(method, params, options);
    const key = JSON.stringify([method, options.client, params]);
    const send = (signal: AbortSignal) => next.request(method, params, { ...options, signal });
    return join(underWay.get(key) ?? begin(key, send), options.signal);
  });
}

function join(shared: Shared, signal: RequestOptions["signal"]): Promise<UpstreamReply> {
  shared.waiting += 1;
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      shared.waiting -= 1;
      reject(signal?.reason);
      if (shared.waiting === 0) shared.cancel(signal?.reason);
    };
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    shared.reply.then(resolve, reject).finally(() => signal?.removeEventListener("abort", leave));
  });
}
