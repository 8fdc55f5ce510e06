/** Calls to a backend that its monitor has found to be unusable fail at once instead of waiting for their deadline. */
import type { Upstream } from "../upstream.ts";
import { UpstreamFailure } from "../upstream-failure.ts";
import { around } from "./around.ts";

/** `problem`: why the backend cannot be used, undefined if it can. */
export function failFast(next: Upstream, problem: () => string | undefined): Upstream {
  return around(next, async (method, params, options) => {
    const why = problem();
    if (why !== undefined) throw new UpstreamFailure("not-sent", why);
    return next.request(method, params, options);
  });
}
