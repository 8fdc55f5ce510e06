/** Reports how each request to the backend ended: undefined for a reply, also one that is an error of the tool. */
import type { Upstream } from "../upstream.ts";
import { UpstreamFailure } from "../upstream-failure.ts";
import { around } from "./around.ts";

export function observe(next: Upstream, onEnd: (failure: UpstreamFailure | undefined) => void): Upstream {
  return around(next, async (method, params, options) => {
    try {
      const reply = await next.request(method, params, options);
      onEnd(undefined);
      return reply;
    } catch (error) {
      if (error instanceof UpstreamFailure && error.kind !== "closed") onEnd(error);
      throw error;
    }
  });
}
