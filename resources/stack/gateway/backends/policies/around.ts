import type { Upstream } from "../upstream.ts";

/** The same backend with its requests sent in another way. */
export function around(next: Upstream, request: Upstream["request"]): Upstream {
  return {
    name: next.name,
    about: (deadlineMs) => next.about(deadlineMs),
    request,
    beginClient: (client) => next.beginClient(client),
    endClient: (client) => next.endClient(client),
    close: () => next.close(),
  };
}
